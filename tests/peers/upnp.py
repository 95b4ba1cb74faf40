"""Devices that answer searches of SSDP, each from an address of its own, and serve what they name, or do harm.

usage: upnp.py ELSEWHERE ADDRESS=MODE…

Each prints "asked MODE" when somebody connects. Modes: good; chunked: the same in chunks; endless: a page without end;
drip: a byte now and then; silent: nothing; redirect: to ELSEWHERE; elsewhere: names ELSEWHERE from the start; name:
names a host by its name; nested: 64 KiB of elements inside of each other; hostile: names that do harm on a terminal;
escape: a page with an escape byte; many: a page of a hundred header lines without end; closed: nobody is there.
"""
import socket
import struct
import sys
import threading
import time

ELSEWHERE = sys.argv[1]
DEVICES = dict(pair.split('=') for pair in sys.argv[2:])
# One speaks at a time.
SPEECH = threading.Lock()


def page(name, maker='ACME'):
    return (f'<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><friendlyName>{name}'
            f'</friendlyName><manufacturer>{maker}</manufacturer><modelName>TV 1</modelName><UDN>uuid:1</UDN>'
            '</device></root>').encode()


def whole(body):
    return b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body)


def serve(connection, mode):
    connection.recv(4096)
    head = b'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n'
    if mode == 'good':
        connection.sendall(whole(page('Living Room &amp; Kitchen')))
        # It does not close the connection, though it was asked to.
        connection.recv(1)
    elif mode == 'chunked':
        body = page('Chunky')
        connection.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        for part in (body[:50], body[50:]):
            connection.sendall(b'%x\r\n%s\r\n' % (len(part), part))
        connection.sendall(b'0\r\n\r\n')
    elif mode == 'endless':
        connection.sendall(head + b'<root>')
        while True:
            connection.sendall(b'<a/>' * 1000)
    elif mode == 'drip':
        for byte in head + page('x') * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)
    elif mode == 'silent':
        time.sleep(600)
    elif mode == 'redirect':
        place = f'http://{ELSEWHERE}:8000/device.xml'
        connection.sendall(f'HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n'.encode())
    elif mode == 'nested':
        connection.sendall(whole(b'<a>' * 9000 + b'</a>' * 9000))
    elif mode == 'hostile':
        connection.sendall(whole(page('\x9b2J\u202eev\u2028il', '&#x9b;31m\\x1b')))
    elif mode == 'escape':
        connection.sendall(whole(page('\x1b]0;owned\x07')))
    elif mode == 'many':
        while True:
            connection.sendall(b'X: y\r\n' * 100)
    connection.close()


def shielded(connection, mode):
    try:
        serve(connection, mode)
    except OSError:
        # The asker has gone.
        pass


def accept(server, mode):
    while True:
        connection, _ = server.accept()
        with SPEECH:
            print(f'asked {mode}\n', end='', flush=True)
        threading.Thread(target=shielded, args=(connection, mode), daemon=True).start()


def hear(family, devices):
    """Answers what is asked by this family, by the card that is there."""
    card = socket.if_nametoindex('eth0')
    hearer = socket.socket(family, socket.SOCK_DGRAM)
    hearer.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET:
        group, first = '239.255.255.250', next(iter(devices))
        hearer.bind((group, 1900))
        hearer.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                          socket.inet_aton(group) + socket.inet_aton(first))
    else:
        group = 'ff02::c'
        hearer.bind((group, 1900, 0, card))
        hearer.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                          socket.inet_pton(socket.AF_INET6, group) + struct.pack('@I', card))
    outs = []
    for address, mode in devices.items():
        def at(port, address=address):
            return (address, port) if family == socket.AF_INET else (address, port, 0, card)

        out = socket.socket(family, socket.SOCK_DGRAM)
        out.bind(at(1900))
        outs.append((out, address if family == socket.AF_INET else f'[{address}]', mode))
        if mode != 'closed':
            server = socket.socket(family, socket.SOCK_STREAM)
            server.bind(at(8000))
            server.listen()
            threading.Thread(target=accept, args=(server, mode), daemon=True).start()
    threading.Thread(target=answer, args=(hearer, outs)).start()


def answer(hearer, outs):
    while True:
        question, asker = hearer.recvfrom(65536)
        if b'upnp:rootdevice' not in question:
            continue
        for out, address, mode in outs:
            host = {'elsewhere': ELSEWHERE, 'name': 'device.local'}.get(mode, address)
            out.sendto((f'HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:{address}::upnp:rootdevice\r\n'
                        f'LOCATION: http://{host}:8000/device.xml\r\n\r\n').encode(), asker)


for family, is_its in ((socket.AF_INET, lambda it: ':' not in it), (socket.AF_INET6, lambda it: ':' in it)):
    its = {address: mode for address, mode in DEVICES.items() if is_its(address)}
    if its:
        hear(family, its)
print('ready', flush=True)
