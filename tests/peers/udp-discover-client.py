# The tutorial's program in Python 3: bytes where it had strings, and nothing else changed.
import socket

# create the client socket object - no difference from 'server' socket!
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

# send a msg to multicast group
sock.sendto(b"who's there?", ('224.1.1.1', 50008))

sock.settimeout(3)
# wait for responses, to be manually killed or timeout in 3 sec
try:
    while True:
        requestdata, addr = sock.recvfrom(1024)

        print("client: from %s received unicast data=%s" % (repr(addr), requestdata))

except socket.timeout:
    pass

finally:
    # close socket
    sock.close()
