"""A manager of services: prints what comes to its socket. @NAME is an abstract one (unix(7))."""

import socket
import sys

name = sys.argv[1]
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
    manager.bind("\0" + name[1:] if name.startswith("@") else name)
    print("bound", flush=True)
    while True:
        for line in manager.recv(4096).decode().splitlines():
            print(line, flush=True)
