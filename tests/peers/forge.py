"""Sends one UDP datagram over IPv4 with any source address.

usage: forge.py CARD SOURCE:PORT DESTINATION:PORT PAYLOAD-IN-HEX
"""
import ipaddress
import socket
import struct
import sys

card, source, destination, payload = sys.argv[1], sys.argv[2], sys.argv[3], bytes.fromhex(sys.argv[4])


def endpoint(text):
    host, port = text.rsplit(':', 1)
    return ipaddress.ip_address(host), int(port)


(source, source_port), (destination, port) = endpoint(source), endpoint(destination)
# A UDP checksum of zero: none was made (RFC 768).
udp = struct.pack('!HHHH', source_port, port, 8 + len(payload), 0) + payload
# The kernel fills in length, identification and checksum.
header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 0, 0, 0, 1, socket.IPPROTO_UDP, 0,
                     source.packed, destination.packed)
sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, card.encode() + b'\0')
sock.sendto(header + udp, (str(destination), 0))
