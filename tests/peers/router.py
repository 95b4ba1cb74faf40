"""A multicast router between two cards: what comes to a group by one leaves by the other, with one hop less.

usage: router.py CARD CARD GROUP SOURCE. Datagrams from SOURCE, which is on the first card's side, to GROUP. The kernel
does the forwarding, as long as this runs.
"""
import signal
import socket
import struct
import sys

MRT_INIT, MRT_ADD_VIF, MRT_ADD_MFC, USE_IFINDEX = 200, 202, 204, 8

first, second, group, source = sys.argv[1:5]
control = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP)
control.setsockopt(socket.IPPROTO_IP, MRT_INIT, 1)
for number, card in enumerate((first, second)):
    # struct vifctl: number, flags, the least TTL, rate, the interface by number, remote address.
    vif = struct.pack('=HBBIi4s', number, USE_IFINDEX, 1, 0, socket.if_nametoindex(card), bytes(4))
    control.setsockopt(socket.IPPROTO_IP, MRT_ADD_VIF, vif)
# struct mfcctl: source, group, parent, a TTL for each of 32 cards (0: not there), counters.
ttls = bytes([0, 1]) + bytes(30)
mfc = struct.pack('@4s4sH32sIIIi', socket.inet_aton(source), socket.inet_aton(group), 0, ttls, 0, 0, 0, 0)
control.setsockopt(socket.IPPROTO_IP, MRT_ADD_MFC, mfc)
print('ready', flush=True)
signal.pause()
