"""Answers as real devices did, in four protocols: with the bytes of crates/dialects/fixtures, but for numbers and
addresses.

usage: devices.py FIXTURES OWN-ADDRESS [hostile|silent|leaving]. hostile: names are not fit for a terminal. silent:
nobody is answered. leaving: at a line on stdin each says goodbye, and no more is answered.
"""
import re
import select
import socket
import struct
import sys
from pathlib import Path

FIXTURES, OWN = Path(sys.argv[1]), sys.argv[2]
MODE = sys.argv[3] if len(sys.argv) > 3 else ''
# As long as the name in the recording, whose length goes before it.
NAME, HOSTILE_NAME = 'Büro 2. Stock'.encode(), b'\x1b[2J\x07\xe2\x80\xaeprint'
RECORDED = b'10.77.0.2'


def fixture(name):
    return (FIXTURES / name).read_bytes().replace(RECORDED, OWN.encode())


def member(group, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((group, port))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton(OWN))
    # Answers leave by the protocol's port, and not by the group's address.
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    out.bind((OWN, port))
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(OWN))
    return sock, out


def mdns(question, asker):
    """One printer: by unicast to who asks from another port, to the group for who asks from its own."""
    if question[2] & 0x80 or b'\x04_ipp\x04_tcp' not in question:
        return []
    answer = fixture('mdns/avahi-ptr.bin')
    answer = answer.replace(socket.inet_aton('10.0.0.2'), socket.inet_aton(OWN))
    if MODE == 'hostile':
        answer = answer.replace(NAME, HOSTILE_NAME)
    if asker[1] == 5353:
        return [(b'\0\0' + answer[2:], ('224.0.0.251', 5353))]
    return [(question[:2] + answer[2:], asker)]


def ssdp(question, asker):
    if not question.startswith(b'M-SEARCH'):
        return []
    answers = [fixture(f'ssdp/async-upnp-client-answer-{of}.bin') for of in ('rootdevice', 'device', 'service', 'uuid')]
    if MODE == 'hostile':
        answers = [answer.replace(b'async-upnp-client', b'\x1b]0;owned\x07') for answer in answers]
    return [(answer, asker) for answer in answers]


def wsd(question, asker):
    number = re.search(rb'MessageID>([^<]*)<', question)
    if b'wsdp:Device' in question:
        answer = fixture('wsd/wsdd-probe-matches.bin')
    elif b'<wsd:Resolve>' in question:
        answer = fixture('wsd/wsdd-resolve-matches.bin')
    else:
        return []
    return [(re.sub(rb'RelatesTo>[^<]*<', b'RelatesTo>' + number[1] + b'<', answer), asker)]


def coap(question, asker):
    answer = fixture('coap/libcoap-answer.bin')
    length = question[0] & 15
    head = bytes([0x50 | length, answer[1]]) + question[2:4] + question[4:4 + length]
    return [(head + answer[6:], asker)]


def goodbyes():
    # The instance's record of the recording, to hold for no time.
    answer = bytearray(fixture('mdns/avahi-ptr.bin'))
    answer[0:2], answer[4:8] = b'\0\0', struct.pack('!HH', 0, 1)
    # Header, then in place of the question: owner, type, class, TTL, the instance's name.
    owner = bytes(answer[12:28])
    instance = bytes([len(NAME)]) + NAME + b'\xc0\x0c'
    record = owner + b'\0' + struct.pack('!HHIH', 12, 1, 0, len(instance)) + instance
    yield 0, bytes(answer[:12]) + record, ('224.0.0.251', 5353)
    for of in ('rootdevice', 'device', 'service', 'uuid'):
        answer = fixture(f'ssdp/async-upnp-client-answer-{of}.bin')
        lines = [b'NOTIFY * HTTP/1.1', b'HOST: 239.255.255.250:1900', b'NTS: ssdp:byebye']
        lines += [re.search(rb'\nUSN:[^\r\n]*', answer)[0][1:], re.search(rb'\nST:[^\r\n]*', answer)[0][1:].replace(b'ST:', b'NT:', 1)]
        yield 1, b'\r\n'.join(lines) + b'\r\n\r\n', ('239.255.255.250', 1900)
    yield 2, fixture('wsd/wsdd-bye.bin'), ('239.255.255.250', 3702)


protocols = [
    (*member('224.0.0.251', 5353), mdns),
    (*member('239.255.255.250', 1900), ssdp),
    (*member('239.255.255.250', 3702), wsd),
    (*member('224.0.1.187', 5683), coap),
]
print('ready', flush=True)
while True:
    inputs = [sock for sock, _, _ in protocols] + ([sys.stdin] if MODE == 'leaving' else [])
    for ready in select.select(inputs, [], [])[0]:
        if ready is sys.stdin:
            for which, goodbye, to in goodbyes():
                protocols[which][1].sendto(goodbye, to)
            MODE = 'silent'
            continue
        question, asker = ready.recvfrom(65536)
        _, out, answer = next(it for it in protocols if it[0] is ready)
        for reply, to in answer(question, asker) if MODE != 'silent' else []:
            out.sendto(reply, to)
