"""Is a thermometer among sixty lamps by aiocoap, so that its list takes several blocks."""
import asyncio

import aiocoap
from aiocoap import resource


class Described(resource.Resource):
    def __init__(self, **words):
        super().__init__()
        self.words = words

    def get_link_description(self):
        return self.words


async def main():
    site = resource.Site()
    site.add_resource(['.well-known', 'core'], resource.WKCResource(site.get_resources_as_linkheader))
    site.add_resource(['sensors', 'temperature'], Described(rt='temperature-c', title='Lab thermometer'))
    for number in range(60):
        site.add_resource(['lamps', str(number)], Described(rt='lamp'))
    await aiocoap.Context.create_server_context(site, multicast=['eth0'])
    print('ready')
    await asyncio.Event().wait()


asyncio.run(main())
