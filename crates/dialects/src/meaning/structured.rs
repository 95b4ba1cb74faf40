//! What a datagram of our own structured protocol says.

use mcast_proto::Protocol;
use mcast_proto::wire::{self, Attr, Datagram, Endpoint, Tlv, Tlvs};

use super::part::{Act, Meaning, Part, shown};

/// What it says. Whether it is authentic is not looked at: that takes a key.
pub(super) fn meaning(datagram: &[u8]) -> Option<Meaning> {
    let (act, id, tlvs) = match wire::decode(datagram).ok()? {
        Datagram::Query(query) => (Act::Ask, None, query.tlvs),
        Datagram::Reply(reply) => (Act::Answer, Some(reply.id), reply.tlvs),
        Datagram::Announce(announce) => (Act::Announce, Some(announce.id), announce.tlvs),
        Datagram::Goodbye(goodbye) => (Act::Goodbye, Some(goodbye.id), goodbye.tlvs),
        Datagram::Busy(busy) => (Act::Refuse, Some(busy.id), busy.tlvs),
    };
    let mut meaning = Meaning::new(Protocol::MCAST, act);
    say(tlvs, &mut meaning);
    if let Some(id) = id {
        let id = shown(format_args!("{id:016x}"));
        meaning.say(|| Part { word: "id", name: id, value: None });
    } else if meaning.parts.is_empty() {
        // Everybody is asked.
        meaning.tell("services", [].as_slice());
    }
    meaning.if_any()
}

fn say(tlvs: Tlvs<'_>, to: &mut Meaning) {
    for tlv in tlvs.iter() {
        match tlv {
            Tlv::Service(name) | Tlv::SelectService(name) => to.tell("service", name.as_bytes()),
            Tlv::Name(name) => to.tell("name", name.as_bytes()),
            Tlv::Payload(payload) => to.tell("payload", payload),
            Tlv::Attr(Attr { key, value }) | Tlv::SelectAttr(Attr { key, value }) => to.say(|| {
                Part { word: "txt", name: key.as_bytes().into(), value: value.map(Into::into) }
            }),
            Tlv::Endpoint(Endpoint { address: None, port, .. }) => {
                to.say(|| Part { word: "port", name: shown(port), value: None });
            }
            Tlv::Endpoint(Endpoint { address: Some(ip), port, .. }) => to.say(|| {
                let at = core::net::SocketAddr::new(ip, port);
                Part { word: "endpoint", name: shown(at), value: None }
            }),
            // About the course of the protocol, and what only its application knows.
            _ => {}
        }
    }
}
