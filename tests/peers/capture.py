"""Prints each UDP datagram that passes a card: TIME in|out SOURCE DESTINATION TTL PAYLOAD-IN-HEX.

usage: capture.py CARD; SIGTERM ends it, after what had come by then.

Of a datagram in fragments only the first fragment is printed.
"""
import ipaddress
import signal
import socket
import sys
import time

ETH_P_ALL = 3
UDP = 17


def parse(frame):
    """(source, destination, ttl, payload) of a frame that is a UDP datagram, else None."""
    kind, packet = frame[12:14], frame[14:]
    if kind == b'\x08\x00':
        header = (packet[0] & 15) * 4
        if packet[9] != UDP or int.from_bytes(packet[6:8], 'big') & 0x1FFF:
            return None
        ttl, source, destination = packet[8], packet[12:16], packet[16:20]
    elif kind == b'\x86\xdd':
        header = 40
        if packet[6] != UDP:
            return None
        ttl, source, destination = packet[7], packet[8:24], packet[24:40]
    else:
        return None
    udp = packet[header:]
    length = int.from_bytes(udp[4:6], 'big')
    return (text(source, udp[0:2]), text(destination, udp[2:4]), ttl, udp[8:length])


def text(address, port):
    address = ipaddress.ip_address(address)
    host = f'[{address}]' if address.version == 6 else str(address)
    return f"{host}:{int.from_bytes(port, 'big')}"


def stop(number, frame):
    global running
    running = False
    sock.setblocking(False)


running = True
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
sock.bind((sys.argv[1], ETH_P_ALL))
# A read that waits would begin again after the signal: so that it ends by itself.
sock.settimeout(0.05)
signal.signal(signal.SIGTERM, stop)
print('ready', flush=True)
while True:
    try:
        frame, where = sock.recvfrom(65536)
    except OSError:
        # Nothing for now, or the card is down and may come back.
        if not running:
            break
        continue
    found = parse(frame)
    if found:
        source, destination, ttl, payload = found
        direction = 'out' if where[2] == socket.PACKET_OUTGOING else 'in'
        print(time.monotonic(), direction, source, destination, ttl, payload.hex(), flush=True)
