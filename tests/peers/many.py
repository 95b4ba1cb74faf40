"""Answers the first datagram to the tutorial's group with so many different answers, so many a second.

usage: many.py OWN-ADDRESS NUMBER EACH-SECOND
"""
import socket
import sys
import time

own, number, each_second = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind(('', 50008))
sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton('224.1.1.1') + socket.inet_aton(own))
print('ready')
_, asker = sock.recvfrom(65536)
start = time.monotonic()
for count in range(number):
    time.sleep(max(0, start + count / each_second - time.monotonic()))
    sock.sendto(b'%d' % count, asker)
