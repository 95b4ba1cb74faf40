"""Sends UDP datagrams with a wrong checksum, which a system drops as it reads them (RFC 1122 section 4.1.3.4).

usage: damaged.py OWN-ADDRESS DESTINATION:PORT EACH-SECOND NUMBER
"""
import socket
import struct
import sys
import time

own, destination, each_second, number = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
host, port = destination.split(':')
# The right one can't be this for both. Short ones Linux drops before they come to the socket.
damaged = [struct.pack('!HHHHH', 50009, int(port), 208, 0x1234, word) + bytes(198) for word in (0, 1)]
sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
sock.bind((own, 0))
start = time.monotonic()
for count in range(number):
    time.sleep(max(0, start + count / each_second - time.monotonic()))
    sock.sendto(damaged[count % 2], (host, 0))
