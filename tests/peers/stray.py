"""Announces a printer by multicast DNS from an address of another network, four times a second, at most 60 s.

usage: stray.py SOURCE CARD
"""
import socket
import struct
import sys
import time

source, card = sys.argv[1:3]
index = socket.if_nametoindex(card)
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind((source, 5353))
sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack('=4s4si', bytes(4), socket.inet_aton(source), index))
owner, instance = b'\x04_ipp\x04_tcp\x05local\0', b'\x07printer\xc0\x0c'
answer = struct.pack('!HHHHHH', 0, 0x8400, 0, 1, 0, 0) + owner + struct.pack('!HHIH', 12, 1, 120, len(instance)) + instance
for turn in range(240):
    sock.sendto(answer, ('224.0.0.251', 5353))
    if turn == 0:
        print('ready', flush=True)
    time.sleep(0.25)
