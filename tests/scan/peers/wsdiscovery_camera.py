"""Is a camera by WSDiscovery: wsdiscovery_camera.py XADDR. SIGTERM ends it, with a Bye."""
import signal
import sys

from wsdiscovery import QName, Scope
from wsdiscovery.publishing import ThreadedWSPublishing

SCOPES = ('name/Lab%20Camera', 'hardware/CAM-1', 'Profile/Streaming')

# Before there are threads, so that it comes where it is waited for.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
publishing = ThreadedWSPublishing()
publishing.start()
publishing.publishService(
    types=[QName('http://www.onvif.org/ver10/network/wsdl', 'NetworkVideoTransmitter', 'dn')],
    scopes=[Scope('onvif://www.onvif.org/' + scope) for scope in SCOPES],
    xAddrs=[sys.argv[1]])
print('ready')
signal.sigwait({signal.SIGTERM})
# Its stop alone sends no Bye.
publishing.clearLocalServices()
publishing.stop()
