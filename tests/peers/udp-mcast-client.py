# The tutorial's program in Python 3: bytes where it had strings, and nothing else changed.
import socket


# create the client socket object - no difference from 'server' socket!
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

# send a msg to multicast group
sock.sendto(b"who's there?", ('224.1.1.1', 50008))

# close socket
sock.close()
