"""A peer of the structured protocol, written from docs/protocol.md and on wire.py, which is too.

usage: structured.py ask OWN-ADDRESS SERVICE [PORT]
           asks in sweeps until sixteen in a row bring nobody new, and prints the name of each who
           answers; from PORT where it is given
       structured.py answer OWN-ADDRESS SERVICE NAME
           answers queries, and prints `ready` when it does
       structured.py invent OWN-ADDRESS NUMBER
           answers each query in the name of so many that do not exist, with the txn of the query, with
           another one, and with a round that was not asked yet
       structured.py become OWN-ADDRESS
           answers each query as somebody new
       structured.py flood OWN-ADDRESS EACH-SECOND NUMBER
           asks so often, each time as somebody new
       structured.py provoke OWN-ADDRESS UNICAST-ADDRESS:PORT
           asks for as much as can be asked for, in queries of all lengths, to the group and to one
       structured.py send OWN-ADDRESS [ADDRESS:PORT=]HEX...
           sends datagrams as they are, to the group or to one

It ends when it is killed, or after a minute.
"""
import os
import random
import select
import socket
import struct
import sys
import time

import wire

GROUP = ('239.255.80.9', 50009)
END = time.monotonic() + 60


def private(own, port=0):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
    sock.bind((own, port))
    return sock


def member(own):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(GROUP)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                    socket.inet_aton(GROUP[0]) + socket.inet_aton(own))
    return sock


def query(txn, round_, **other):
    fields = {
        'type': 'query', 'txn': f'{txn:016x}', 'round': str(round_), 'salt': '0' * 16, 'window_ms': '8',
        'slice': '0 of 2^0', 'sample_bits': '0', 'copies': '1', 'estimate': 'unknown',
        'max_reply': '1200', 'multicast_reply': 'no', 'watch': 'no', 'filter': '', 'length': '128',
    }
    return wire.encode(list((fields | other).items()))


def datagrams(sock, seconds):
    """Those that come within this time and decode: (bytes, fields, source)."""
    end = min(time.monotonic() + seconds, END)
    while (left := end - time.monotonic()) > 0:
        if select.select([sock], [], [], left)[0]:
            datagram, source = sock.recvfrom(2048)
            try:
                yield datagram, wire.decode(datagram), source
            except wire.Refused:
                pass


def name_heard(datagram, one, source):
    """The name of an answer, by which its responder is silent on the next query."""
    source, identity = wire.source_bytes('%s:%d' % source), int(one['id'], 16)
    if one['whole'] == 'this':
        return wire.name_of('whole', identity, source, words(datagram))
    return wire.name_of('short', identity, source, int(one.get('digest', '0'), 16))


def words(datagram):
    """The digest of what a whole answer says."""
    body_len, = struct.unpack_from('>H', datagram, 6)
    lease_s, = struct.unpack_from('>I', datagram, 28)
    return wire.words_digest(lease_s, datagram[32:body_len])


def ask(own, service, port='0'):
    sock = private(own, int(port))
    txn, known, names, quiet, round_ = random.getrandbits(64), set(), set(), 0, 0
    while quiet < 16 and time.monotonic() < END:
        round_, before, salt = round_ + 1, len(known), random.getrandbits(64)
        silent = wire.make_filter(names, txn, salt, 2 * len(names))
        sock.sendto(query(txn, round_, salt=f'{salt:016x}', filter=silent.hex(), copies='3', window_ms='24',
                          select_service=service), GROUP)
        for datagram, fields, source in datagrams(sock, 0.04):
            one = dict(fields)
            if one['type'] == 'reply' and int(one['txn'], 16) == txn and int(one['round']) <= round_:
                names.add(name_heard(datagram, one, source))
                if one['id'] not in known:
                    known.add(one['id'])
                    print(one.get('name', '-'))
        quiet = quiet + 1 if len(known) == before else 0
    print('complete' if known else 'nobody')


def is_asked(one, identity, service, name):
    txn = int(one['txn'], 16)
    index, bits = one['slice'].split(' of 2^')
    return (wire.slice_of(identity, txn, int(bits)) == int(index)
            and wire.is_sampled(identity, txn, int(one['sample_bits']))
            and one.get('select_service', service) == service
            and not wire.is_silenced(bytes.fromhex(one['filter']), name, txn, int(one['salt'], 16)))


def reply(one, identity, **other):
    fields = {'type': 'reply', 'txn': one['txn'], 'id': f'{identity:016x}', 'round': one['round'],
              'copy': '0', 'lease_s': '120'}
    return wire.encode(list((fields | other).items()))


def answer(own, service, name):
    sock, hears, identity = private(own), member(own), random.getrandbits(64)
    print('ready')
    from_here = wire.source_bytes('%s:%d' % sock.getsockname())
    said = dict(service=service, name=name, endpoint='own 631')
    for datagram, fields, source in datagrams(hears, 60):
        one = dict(fields)
        if one['type'] != 'query' or 'key_id' in one:
            continue
        limit, whole = min(len(datagram), int(one['max_reply'])), reply(one, identity, **said)
        kind, says = 'whole', said
        if len(whole) > limit:
            kind, says = 'short', dict(whole=str(len(whole)), digest=f'{words(whole):016x}')
        heard = wire.name_of(kind, identity, from_here, words(whole))
        if not is_asked(one, identity, service, heard):
            continue
        for copy in range(int(one['copies'])):
            time.sleep(random.random() * int(one['window_ms']) / 1000 / int(one['copies']))
            datagram = reply(one, identity, copy=str(copy), **says)
            if len(datagram) <= limit:
                sock.sendto(datagram, source)


def invent(own, number):
    sock, hears = private(own), member(own)
    print('ready')
    for _, fields, source in datagrams(hears, 60):
        one = dict(fields)
        if one['type'] != 'query':
            continue
        of_another = one | {'txn': f"{int(one['txn'], 16) ^ 1:016x}"}
        later = one | {'round': str(int(one['round']) + 10_000)}
        for identity in range(1, int(number) + 1):
            for lie, name in [(one, 'invented'), (of_another, 'of another'), (later, 'later')]:
                identity += 1_000_000 * len(name)
                sock.sendto(reply(lie, identity, name=name), source)


def become(own):
    sock, hears = private(own), member(own)
    print('ready')
    for _, fields, source in datagrams(hears, 60):
        one = dict(fields)
        if one['type'] == 'query':
            sock.sendto(reply(one, random.getrandbits(64), name='another'), source)


def flood(own, each_second, number):
    sock, start = private(own), time.monotonic()
    for count in range(int(number)):
        time.sleep(max(0, start + count / int(each_second) - time.monotonic()))
        sock.sendto(query(random.getrandbits(64), 1), GROUP)


def provoke(own, target):
    sock, round_ = private(own), 0
    host, port = target.split(':')
    for length in [40, 41, 52, 64, 100, 128, 200, 400, 1200]:
        for to in [GROUP, (host, int(port))]:
            round_ += 1
            # Each in a session of its own, since a later round takes the place of an earlier one.
            asks = query(random.getrandbits(64), round_, copies='3', window_ms='0', max_reply='65535',
                         length=str(length))
            sock.sendto(asks, to)
            # Again, as a network may: it is one question.
            sock.sendto(asks, to)
    answers = list(datagrams(sock, 3))
    print(f'{len(answers)} answers')


def send(own, *texts):
    sock = private(own)
    for text in texts:
        to, _, datagram = text.rpartition('=')
        host, _, port = to.rpartition(':')
        sock.sendto(bytes.fromhex(datagram), (host, int(port)) if to else GROUP)


if __name__ == '__main__':
    verbs = {f.__name__: f for f in (ask, answer, invent, become, flood, provoke, send)}
    verbs[sys.argv[1]](*sys.argv[2:])
    os._exit(0)
