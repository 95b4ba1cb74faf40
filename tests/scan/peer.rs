//! The peers, and what each says of itself.

use mcast_tests::netns::Packet;

/// A peer that `tests/scan/peers/start` can start.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Its word there.
    pub(crate) name: &'static str,
    /// How it shows that it can be asked.
    pub(crate) sign: Sign,
    /// What it is to be found as, each once.
    pub(crate) services: &'static [Service],
    /// Whether it is to be found by IPv6 too; the others are never given an address of it.
    pub(crate) both_families: bool,
}

/// How a peer shows that it can be asked.
#[derive(Debug)]
pub(crate) enum Sign {
    /// By a line with these words on its stdout.
    Says(&'static str),
    /// By a line with these words on its stderr.
    Logs(&'static str),
    /// By having joined this group.
    Joins(&'static str),
    /// By a datagram that it sends unasked.
    Sends(fn(&Packet) -> bool),
}

/// What a scan tells of one service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) dialect: &'static str,
    /// `None`: it says none.
    pub(crate) name: Option<&'static str>,
    pub(crate) service: &'static str,
    pub(crate) port: u16,
    /// Of its text, this.
    pub(crate) txt: &'static [(&'static str, &'static str)],
}

const RENDERER: &str = "async-upnp-client/0.49.0 UPnP/2.0 Server/1.0";
const DEVICE: &str = "{http://schemas.xmlsoap.org/ws/2006/02/devprof}Device";

const fn renderer(service: &'static str) -> Service {
    let txt = &[("device", "uuid:1cd38bfe-3c10-403e-a97f-2bc5c1652b9a"), ("bootid.upnp.org", "7")];
    Service { dialect: "ssdp", name: Some(RENDERER), service, port: 8000, txt }
}

/// All of them; the address of each ends in its place here and two.
pub(crate) const PEERS: [Peer; 10] = [
    Peer {
        name: "avahi",
        sign: Sign::Logs("successfully established"),
        services: &[
            Service {
                dialect: "mdns",
                name: Some("Büro 2. Stock"),
                service: "_ipp._tcp",
                port: 631,
                txt: &[("rp", "ipp/print")],
            },
            Service {
                dialect: "mdns",
                name: Some("Büro 2. Stock"),
                service: "_http._tcp",
                port: 80,
                txt: &[],
            },
        ],
        both_families: true,
    },
    Peer {
        name: "zeroconf",
        sign: Sign::Says("ready"),
        services: &[
            Service {
                dialect: "mdns",
                name: Some("Kiosk"),
                service: "_http._tcp",
                port: 8080,
                txt: &[("path", "/")],
            },
            Service {
                dialect: "mdns",
                name: Some("Till"),
                service: "_ipp._tcp",
                port: 632,
                txt: &[("rp", "till"), ("note", "")],
            },
        ],
        both_families: false,
    },
    Peer {
        name: "mdnsd",
        // A response, while the questions of its start are questions.
        sign: Sign::Sends(|packet| {
            packet.source.port() == 5353 && packet.payload.get(2) == Some(&0x84)
        }),
        services: &[Service {
            dialect: "mdns",
            name: Some("Plotter"),
            service: "_pdl-datastream._tcp",
            port: 9100,
            txt: &[("ty", "A0")],
        }],
        both_families: false,
    },
    Peer {
        name: "wsdd",
        sign: Sign::Sends(|packet| packet.destination.port() == 3702),
        services: &[Service {
            dialect: "wsd",
            name: None,
            service: DEVICE,
            port: 5357,
            txt: &[("device", "urn:uuid:3d9c6a52-1f0e-4b8a-9c57-6a2e4f8b1d03")],
        }],
        both_families: false,
    },
    Peer {
        name: "wsdd2",
        sign: Sign::Joins("239.255.255.250"),
        services: &[Service { dialect: "wsd", name: None, service: DEVICE, port: 3702, txt: &[] }],
        both_families: false,
    },
    Peer {
        name: "wsdiscovery",
        sign: Sign::Says("ready"),
        services: &[Service {
            dialect: "wsd",
            name: Some("Lab Camera"),
            service: "{http://www.onvif.org/ver10/network/wsdl}NetworkVideoTransmitter",
            port: 80,
            txt: &[],
        }],
        both_families: false,
    },
    Peer {
        name: "ssdpy",
        sign: Sign::Joins("239.255.255.250"),
        services: &[Service {
            dialect: "ssdp",
            name: None,
            service: "upnp:rootdevice",
            port: 8080,
            txt: &[("device", "uuid:6b4a3d0e-2b1c-4d5e-8f90-0a1b2c3d4e5f")],
        }],
        both_families: false,
    },
    Peer {
        name: "upnp",
        sign: Sign::Says("ready"),
        services: &[
            renderer("upnp:rootdevice"),
            renderer("uuid:1cd38bfe-3c10-403e-a97f-2bc5c1652b9a"),
            renderer("urn:schemas-upnp-org:device:MediaRenderer:1"),
            renderer("urn:schemas-upnp-org:service:RenderingControl:1"),
        ],
        both_families: false,
    },
    Peer {
        name: "libcoap",
        sign: Sign::Joins("224.0.1.187"),
        services: &[Service {
            dialect: "coap",
            name: Some("General Info"),
            service: "ticks",
            port: 5683,
            txt: &[("/time", "if=\"clock\";rt=\"ticks\";title=\"Internal Clock\";ct=0;obs")],
        }],
        both_families: false,
    },
    Peer {
        name: "aiocoap",
        sign: Sign::Says("ready"),
        services: &[Service {
            dialect: "coap",
            name: Some("Lab thermometer"),
            service: "temperature-c",
            port: 5683,
            txt: &[("/lamps/59", "rt=\"lamp\"")],
        }],
        both_families: true,
    },
];
