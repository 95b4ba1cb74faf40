"""Is a media renderer by async-upnp-client: upnp_renderer.py ADDRESS. SIGTERM ends it, with a byebye."""
import asyncio
import signal
import sys
from xml.etree.ElementTree import Element

from async_upnp_client.const import DeviceInfo, ServiceInfo
from async_upnp_client.server import UpnpServer, UpnpServerDevice, UpnpServerService


class Control(UpnpServerService):
    SERVICE_DEFINITION = ServiceInfo(
        service_id='urn:upnp-org:serviceId:RenderingControl',
        service_type='urn:schemas-upnp-org:service:RenderingControl:1',
        control_url='/control', event_sub_url='/event', scpd_url='/scpd.xml', xml=Element('scpd'))
    STATE_VARIABLE_DEFINITIONS = {}


class Renderer(UpnpServerDevice):
    DEVICE_DEFINITION = DeviceInfo(
        device_type='urn:schemas-upnp-org:device:MediaRenderer:1', friendly_name='Lab TV', manufacturer='Lab',
        manufacturer_url=None, model_description=None, model_name='TV', model_number='1', model_url=None,
        serial_number='1', udn='uuid:1cd38bfe-3c10-403e-a97f-2bc5c1652b9a', upc=None, presentation_url=None,
        url='/device.xml', icons=[], xml=Element('device'))
    EMBEDDED_DEVICES = []
    SERVICES = [Control]


async def main():
    server = UpnpServer(Renderer, (sys.argv[1], 0), http_port=8000, boot_id=7)
    await server.async_start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    print('ready')
    await ended.wait()
    await server.async_stop()


asyncio.run(main())
