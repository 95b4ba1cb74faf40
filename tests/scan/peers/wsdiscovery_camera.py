"""Is a camera by WSDiscovery: wsdiscovery_camera.py XADDR."""
import signal
import sys

from wsdiscovery import QName, Scope
from wsdiscovery.publishing import ThreadedWSPublishing

SCOPES = ('name/Lab%20Camera', 'hardware/CAM-1', 'Profile/Streaming')

publishing = ThreadedWSPublishing()
publishing.start()
publishing.publishService(
    types=[QName('http://www.onvif.org/ver10/network/wsdl', 'NetworkVideoTransmitter', 'dn')],
    scopes=[Scope('onvif://www.onvif.org/' + scope) for scope in SCOPES],
    xAddrs=[sys.argv[1]])
print('ready')
signal.pause()
