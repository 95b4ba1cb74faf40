# The tutorial's program in Python 3: bytes where it had strings, and nothing else changed.
import socket

# create a datagram socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

# this option of socket layer indicates we want to reuse socket (typical for multicasting apps)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

# bind receiver socket to an arbitrary non-privileged port.
# Here host is '', meaning INADDR_ANY (any interface)
sock.bind(('', 50008))  # NOTE: tuple argument!

# add membership to multicast ip 224.1.1.1 - must provide our interface address, too (ANY)
sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton('224.1.1.1') + socket.inet_aton(str(socket.INADDR_ANY)))


# run until manually killed, try-finally closes socket after user interruption
try:
    while True:

        requestdata, addr = sock.recvfrom(1024)

        print("server: from %s received multicast data=%s" % (repr(addr), requestdata))

        # reply with unicast msg via same socket
        sock.sendto(b"Me!", addr)


finally:
    sock.close()
