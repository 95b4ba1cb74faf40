"""Holds UDP ports, shared with others who share too, or alone.

usage: hold.py shared|alone PORT…
"""
import signal
import socket
import sys

held = []
for port in sys.argv[2:]:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if sys.argv[1] == 'shared':
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(('0.0.0.0', int(port)))
    held.append(sock)
print('ready', flush=True)
signal.pause()
