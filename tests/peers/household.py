"""A device of a household: it announces itself by multicast DNS and SSDP, and answers who asks.

usage: household.py OWN-ADDRESS CARD [deaf|quiet]. deaf: it announces, and answers nobody. quiet: it answers, and
announces nothing. It announces four times a second, so that nobody who listens for a few seconds misses it.
"""
import select
import socket
import struct
import sys
import time

OWN, CARD = sys.argv[1], sys.argv[2]
MODE = sys.argv[3] if len(sys.argv) > 3 else ''
IPV6 = ':' in OWN
FAMILY, LEVEL = (socket.AF_INET6, socket.IPPROTO_IPV6) if IPV6 else (socket.AF_INET, socket.IPPROTO_IP)
INDEX = socket.if_nametoindex(CARD)
MDNS, SSDP = ('ff02::fb', 'ff02::c') if IPV6 else ('224.0.0.251', '239.255.255.250')
PTR, META = 12, b'\x09_services\x07_dns-sd\x04_udp\x05local\0'
TYPE = b'\x04_ipp\x04_tcp\x05local\0'
USN = f'uuid:{OWN}::upnp:rootdevice'


def zoned(address, port):
    return (address, port, 0, INDEX) if IPV6 else (address, port)


def member(group, port):
    """A socket that hears a group, and one that speaks from the protocol's port and hears what is for us alone."""
    hears, speaks = (socket.socket(FAMILY, socket.SOCK_DGRAM) for _ in range(2))
    for sock, address in (hears, group), (speaks, OWN):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(zoned(address, port))
    packed = socket.inet_pton(FAMILY, group)
    if IPV6:
        hears.setsockopt(LEVEL, socket.IPV6_JOIN_GROUP, packed + struct.pack('@I', INDEX))
        speaks.setsockopt(LEVEL, socket.IPV6_MULTICAST_IF, INDEX)
    else:
        hears.setsockopt(LEVEL, socket.IP_ADD_MEMBERSHIP, struct.pack('=4s4si', packed, bytes(4), INDEX))
        speaks.setsockopt(LEVEL, socket.IP_MULTICAST_IF, struct.pack('=4s4si', bytes(4), bytes(4), INDEX))
    return hears, speaks


def record(owner, data):
    return owner + struct.pack('!HHIH', PTR, 1, 120, len(data)) + data


def response(number, owner, question=b''):
    """That there is a service, or of which type."""
    instance = b'\x07printer' + TYPE
    count = 1 if question else 0
    answer = record(META, TYPE) if owner == META else record(TYPE, instance)
    return struct.pack('!HHHHHH', number, 0x8400, count, 1, 0, 0) + question + answer


def mdns(question, asker):
    """By unicast to who asks from another port or wants that, else to the group."""
    if question[2] & 0x80:
        return []
    owner = next((name for name in (META, TYPE) if name in question), None)
    if owner is None:
        return []
    at = question.index(owner) + len(owner)
    wants_unicast = question[at + 2] & 0x80
    if asker[1] != 5353:
        number = struct.unpack('!H', question[:2])[0]
        return [(response(number, owner, owner + struct.pack('!HH', PTR, 1)), asker)]
    return [(response(0, owner), asker if wants_unicast else zoned(MDNS, 5353))]


def ssdp(question, asker):
    if not question.startswith(b'M-SEARCH'):
        return []
    lines = ['HTTP/1.1 200 OK', 'CACHE-CONTROL: max-age=120', 'EXT:', f'LOCATION: http://{OWN}/', 'SERVER: a/1 UPnP/1.1 b/1',
             'ST: upnp:rootdevice', f'USN: {USN}', '', '']
    return [('\r\n'.join(lines).encode(), asker)]


def announcements():
    lines = ['NOTIFY * HTTP/1.1', f'HOST: {SSDP}:1900', 'CACHE-CONTROL: max-age=120', f'LOCATION: http://{OWN}/',
             'NT: upnp:rootdevice', 'NTS: ssdp:alive', 'SERVER: a/1 UPnP/1.1 b/1', f'USN: {USN}', '', '']
    yield protocols[0][1], response(0, TYPE), zoned(MDNS, 5353)
    yield protocols[1][1], '\r\n'.join(lines).encode(), zoned(SSDP, 1900)


protocols = [(*member(MDNS, 5353), mdns), (*member(SSDP, 1900), ssdp)]
print('ready', flush=True)
due = time.monotonic()
while True:
    if MODE != 'quiet' and time.monotonic() >= due:
        due = time.monotonic() + 0.25
        for out, said, to in announcements():
            out.sendto(said, to)
    inputs = [sock for hears, speaks, _ in protocols for sock in (hears, speaks)]
    for ready in select.select(inputs, [], [], 0.1)[0]:
        question, asker = ready.recvfrom(65536)
        _, out, answer = next(it for it in protocols if ready in it[:2])
        for reply, to in answer(question, asker) if MODE != 'deaf' else []:
            out.sendto(reply, to)
