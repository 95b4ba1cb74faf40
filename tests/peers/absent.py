"""Asks a group in the names of hosts that are not there.

usage: absent.py CARD FIRST-SOURCE SOURCES GROUP PORT COUNT [RATE]

Sends COUNT datagrams, from FIRST-SOURCE and the addresses after it in turn, RATE a second or as fast as it
can, and prints how many it sent.
"""
import ipaddress
import socket
import struct
import sys
import time

PROBE = b"who's there?"
SOURCE_PORT = 40000

card, first, sources, group, port, count = sys.argv[1:7]
rate = float(sys.argv[7]) if len(sys.argv) > 7 else None
first, group = ipaddress.ip_address(first), ipaddress.ip_address(group)
sources, port, count = int(sources), int(port), int(count)


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(source):
    length = 8 + len(PROBE)
    header = struct.pack('!HHHH', SOURCE_PORT, port, length, 0)
    pseudo = source.packed + group.packed + struct.pack('!IHBB', length, 0, 0, socket.IPPROTO_UDP)
    header = header[:6] + struct.pack('!H', checksum(pseudo + header + PROBE) or 0xFFFF)
    return header + PROBE


def ip(source):
    datagram = udp(source)
    if source.version == 6:
        return struct.pack('!IHBB', 6 << 28, len(datagram), socket.IPPROTO_UDP, 1) \
            + source.packed + group.packed + datagram
    header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(datagram), 0, 0, 1, socket.IPPROTO_UDP, 0,
                         source.packed, group.packed)
    return header[:10] + struct.pack('!H', checksum(header)) + header[12:] + datagram


def frame(source):
    if group.version == 6:
        to, kind = b'\x33\x33' + group.packed[12:], 0x86DD
    else:
        # RFC 1112 section 6.4: the group's low 23 bits.
        low = bytes([group.packed[1] & 0x7F]) + group.packed[2:]
        to, kind = b'\x01\x00\x5e' + low, 0x0800
    return to + b'\x02\0\0\0\0\x01' + struct.pack('!H', kind) + ip(source)


frames = [frame(first + number) for number in range(sources)]
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind((card, 0))
start = time.monotonic()
for number in range(count):
    if rate and (early := start + number / rate - time.monotonic()) > 0:
        time.sleep(early)
    sock.send(frames[number % sources])
print(count)
