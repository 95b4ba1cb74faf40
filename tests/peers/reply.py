"""Answers every datagram to the tutorial's group with these bytes.

usage: reply.py PAYLOAD-IN-HEX [COPIES]
"""
import socket
import sys

reply = bytes.fromhex(sys.argv[1])
copies = int(sys.argv[2]) if len(sys.argv) > 2 else 1
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind(('', 50008))
sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton('224.1.1.1') + socket.inet_aton('0'))
while True:
    _, asker = sock.recvfrom(65536)
    for _ in range(copies):
        sock.sendto(reply, asker)
