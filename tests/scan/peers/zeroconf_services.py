"""Offers two services by python-zeroconf: zeroconf_services.py ADDRESS [SECONDS]. SIGUSR1 changes one's text; SIGTERM
ends it. Its records hold for so many seconds."""
import signal
import socket
import sys

from zeroconf import ServiceInfo, Zeroconf

address = sys.argv[1]
lease = {'host_ttl': int(sys.argv[2]), 'other_ttl': int(sys.argv[2])} if len(sys.argv) > 2 else {}


def info(name, kind, port, text):
    kind += '.local.'
    return ServiceInfo(kind, f'{name}.{kind}', addresses=[socket.inet_aton(address)], port=port,
                       properties=text, server='kiosk.local.', **lease)


# They are waited for below, so that no signal comes where nobody waits.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGTERM})
zeroconf = Zeroconf(interfaces=[address])
zeroconf.register_service(info('Kiosk', '_http._tcp', 8080, {'path': '/'}))
zeroconf.register_service(info('Till', '_ipp._tcp', 632, {'rp': 'till', 'note': ''}))
print('ready')
while signal.sigwait({signal.SIGUSR1, signal.SIGTERM}) == signal.SIGUSR1:
    zeroconf.update_service(info('Kiosk', '_http._tcp', 8080, {'path': '/closed'}))
    print('changed')
zeroconf.close()
