"""Prints each record about a group that passes a card: KIND GROUP NUMBER-OF-SOURCES.

usage: groups.py CARD. The kinds are those of IGMPv3 and MLDv2 (is_in, is_ex, to_in, to_ex, allow, block),
and of the older protocols report and leave.
"""
import ipaddress
import socket
import sys

ETH_P_ALL = 3
KINDS = {1: 'is_in', 2: 'is_ex', 3: 'to_in', 4: 'to_ex', 5: 'allow', 6: 'block'}


def records(data, size):
    """Those of a report of the newer protocols, whose addresses have this size."""
    rest = data[8:]
    for _ in range(int.from_bytes(data[6:8], 'big')):
        sources = int.from_bytes(rest[2:4], 'big')
        yield KINDS.get(rest[0], '?'), rest[4:4 + size], sources
        rest = rest[4 + size + sources * size + rest[1] * 4:]


def igmp(data):
    if data[0] == 0x22:
        yield from records(data, 4)
    elif data[0] in (0x12, 0x16, 0x17):
        yield 'leave' if data[0] == 0x17 else 'report', data[4:8], 0


def mld(data):
    if data[0] == 143:
        yield from records(data, 16)
    elif data[0] in (131, 132):
        yield 'leave' if data[0] == 132 else 'report', data[8:24], 0


sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
sock.bind((sys.argv[1], ETH_P_ALL))
print('ready', flush=True)
while True:
    try:
        frame = sock.recv(65536)
    except OSError:
        continue
    kind, packet = frame[12:14], frame[14:]
    found = ()
    if kind == b'\x08\x00' and packet[9] == socket.IPPROTO_IGMP:
        found = igmp(packet[(packet[0] & 15) * 4:])
    elif kind == b'\x86\xdd' and packet[6] == 0 and packet[40] == socket.IPPROTO_ICMPV6:
        # Behind the option that has routers look at it (RFC 3810 section 5).
        found = mld(packet[40 + 8 + packet[41] * 8:])
    for what, group, sources in found:
        print(what, ipaddress.ip_address(group), sources, flush=True)
