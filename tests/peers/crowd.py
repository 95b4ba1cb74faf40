"""Is so many devices in one process, each at an address of its own with five services: three by multicast DNS, one by
SSDP, one by WS-Discovery. Each waits at random before it answers, as its protocol wants it.

usage: crowd.py CARD-ADDRESS FIRST-ADDRESS COUNT
"""
import heapq
import ipaddress
import random
import re
import select
import socket
import struct
import sys
import time

CARD, FIRST, COUNT = sys.argv[1], ipaddress.IPv4Address(sys.argv[2]), int(sys.argv[3])
TYPES = ['_http._tcp.local', '_ipp._tcp.local', '_ssh._tcp.local']
META = '_services._dns-sd._udp.local'
PTR, SRV, TXT, A, ANY = 12, 33, 16, 1, 255
IP_PKTINFO = 8
WSD = 'http://schemas.xmlsoap.org/ws/2005/04/discovery'
random.seed(1)


def member(group, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(('', port))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton(CARD))
    return sock


def name(text):
    return b''.join(bytes([len(label)]) + label.encode() for label in text.split('.')) + b'\0'


def record(owner, kind, data):
    return name(owner) + struct.pack('!HHIH', kind, 1, 10, len(data)) + data


def asked(question):
    """The names and types of a question in multicast DNS, which is not compressed."""
    at = 12
    for _ in range(struct.unpack('!H', question[4:6])[0]):
        labels = []
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        kind = struct.unpack('!H', question[at + 1:at + 3])[0]
        at += 5
        yield '.'.join(labels), kind


def mdns(question, nth, address):
    if question[2] & 0x80:
        return None
    records = []
    host = f'device-{nth}.local'
    for wanted, kind in asked(question):
        for port, service in enumerate(TYPES, 1000):
            instance = f'Device {nth}.{service}'
            listed = wanted == service and kind in (PTR, ANY)
            if wanted == META and kind in (PTR, ANY):
                records.append(record(META, PTR, name(service)))
            if listed:
                records.append(record(service, PTR, name(instance)))
            if listed or wanted == instance and kind in (SRV, ANY):
                records.append(record(instance, SRV, struct.pack('!HHH', 0, 0, port) + name(host)))
            if listed or wanted == instance and kind in (TXT, ANY):
                records.append(record(instance, TXT, b'\x09model=lab'))
            if listed or wanted == host and kind in (A, ANY):
                records.append(record(host, A, address.packed))
    if not records:
        return None
    end = question.index(b'\0', 12) + 5
    head = question[:2] + struct.pack('!HHHHH', 0x8400, 1, len(records), 0, 0)
    return random.uniform(0.02, 0.12), head + question[12:end] + b''.join(records)


def ssdp(question, nth, address):
    if not question.startswith(b'M-SEARCH') or not re.search(rb'ST: *(ssdp:all|upnp:rootdevice)\r', question):
        return None
    most = float(re.search(rb'MX: *(\d+)', question)[1])
    lines = ['HTTP/1.1 200 OK', 'CACHE-CONTROL: max-age=1800', 'EXT:', f'LOCATION: http://{address}:8000/device.xml',
             'SERVER: Lab/1 UPnP/2.0 Crowd/1', 'ST: upnp:rootdevice',
             f'USN: uuid:00000000-0000-4000-9000-{nth:012}::upnp:rootdevice', '', '']
    return random.uniform(0, most), '\r\n'.join(lines).encode()


def wsd(question, nth, address):
    number = re.search(rb'MessageID>([^<]*)<', question)
    if not number or b'wsdp:Device' not in question:
        return None
    text = f'''<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:wsd="{WSD}"
 xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:wsdp="http://schemas.xmlsoap.org/ws/2006/02/devprof">
<soap:Header><wsa:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:To>
<wsa:Action>{WSD}/ProbeMatches</wsa:Action><wsa:MessageID>urn:uuid:00000000-0000-4000-b000-{nth:012}</wsa:MessageID>
<wsa:RelatesTo>{number[1].decode()}</wsa:RelatesTo></soap:Header><soap:Body><wsd:ProbeMatches><wsd:ProbeMatch>
<wsa:EndpointReference><wsa:Address>urn:uuid:00000000-0000-4000-a000-{nth:012}</wsa:Address></wsa:EndpointReference>
<wsd:Types>wsdp:Device</wsd:Types><wsd:XAddrs>http://{address}:5357/</wsd:XAddrs>
<wsd:MetadataVersion>1</wsd:MetadataVersion></wsd:ProbeMatch></wsd:ProbeMatches></soap:Body></soap:Envelope>'''
    return random.uniform(0, 0.5), text.encode()


protocols = {
    member('224.0.0.251', 5353): mdns,
    member('239.255.255.250', 1900): ssdp,
    member('239.255.255.250', 3702): wsd,
}
waiting, count = [], 0
print('ready', flush=True)
while True:
    rest = max(0, waiting[0][0] - time.monotonic()) if waiting else None
    for sock in select.select(protocols, [], [], rest)[0]:
        question, asker = sock.recvfrom(65536)
        for nth in range(COUNT):
            address = FIRST + nth
            answer = protocols[sock](question, nth, address)
            if answer:
                count += 1
                heapq.heappush(waiting, (time.monotonic() + answer[0], count, sock, address, asker, answer[1]))
    while waiting and waiting[0][0] <= time.monotonic():
        _, _, sock, address, asker, answer = heapq.heappop(waiting)
        source = struct.pack('=I4s4s', 0, address.packed, b'\0' * 4)
        sock.sendmsg([answer], [(socket.IPPROTO_IP, IP_PKTINFO, source)], 0, asker)
