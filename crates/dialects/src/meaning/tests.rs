use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mcast_proto::wire::{Announce, Attr, Datagram, Epoch, Query, Tlv, TlvBuf};
use proptest::prelude::*;

use super::*;

fn text(text: &Text) -> String {
    let cut = if text.is_cut { "…" } else { "" };
    format!("{}{cut}", text.bytes.escape_ascii())
}

fn said(meaning: &Meaning) -> String {
    let part = |part: &Part| {
        let value =
            part.value.as_ref().map_or(String::new(), |value| format!(" = {}", text(value)));
        format!("{} {}{value}", part.word, text(&part.name))
    };
    let parts: Vec<String> = meaning.parts.iter().map(part).collect();
    let Meaning { protocol, act, left_out, .. } = meaning;
    format!("{protocol} {act}: {} +{left_out}", parts.join("; "))
}

fn heard(group: &str, datagram: &[u8]) -> Option<String> {
    of(Some(group.parse().expect("a group")), datagram).as_ref().map(said)
}

const MDNS: &str = "224.0.0.251:5353";
const SSDP: &str = "239.255.255.250:1900";
const WSD: &str = "239.255.255.250:3702";
const COAP: &str = "224.0.1.187:5683";

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../fixtures/", $name)).as_slice()
    };
}

#[test]
fn what_real_peers_say_is_told_in_parts() {
    const ID: &str = "urn:uuid:3d9c6a52-1f0e-4b8a-9c57-6a2e4f8b1d03";
    const UPNP: &str = "uuid:1cd38bfe-3c10-403e-a97f-2bc5c1652b9a";
    let upnp = format!(
        "USN {UPNP}::upnp:rootdevice; LOCATION http://10.77.0.2:8000/device.xml; SERVER async-upnp-client/0.49.0 \
         UPnP/2.0 Server/1.0 +0"
    );
    for (group, datagram, expected) in [
        (
            MDNS,
            fixture!("mdns/mdnsd-ptr.bin"),
            "mdns say: PTR _ipp._tcp.local = Plotter._ipp._tcp.local +0".into(),
        ),
        (
            SSDP,
            fixture!("ssdp/async-upnp-client-alive-rootdevice.bin"),
            format!("ssdp announce: NT upnp:rootdevice; {upnp}"),
        ),
        (
            SSDP,
            fixture!("ssdp/async-upnp-client-byebye-rootdevice.bin"),
            format!("ssdp goodbye: NT upnp:rootdevice; {upnp}"),
        ),
        (
            SSDP,
            fixture!("ssdp/async-upnp-client-answer-rootdevice.bin"),
            format!("ssdp answer: ST upnp:rootdevice; {upnp}"),
        ),
        (
            WSD,
            fixture!("wsd/wsdd-hello.bin"),
            format!("wsd announce: Hello ; Address {ID}; XAddrs http://10.77.0.2:5357/{} +0", &ID[9..]),
        ),
        (
            WSD,
            fixture!("wsd/wsdiscovery-probe-matches-empty.bin"),
            "wsd answer: ProbeMatches  +0".into(),
        ),
        (WSD, fixture!("wsd/wsdd-bye.bin"), format!("wsd goodbye: Bye ; Address {ID} +0")),
        (
            COAP,
            fixture!("coap/libcoap-answer.bin"),
            "coap answer: code 2.05; link / = title=\\\"General Info\\\";ct=0; link /time = \
             if=\\\"clock\\\";rt=\\\"ticks\\\";title=\\\"Internal Clock\\\";ct=0;obs; link /async = ct=0; link \
             /example_data = title=\\\"Example Data\\\";ct=0;obs +0"
                .into(),
        ),
        (
            COAP,
            fixture!("coap/aiocoap-block-1-refused.bin"),
            "coap refuse: code 4.08 +0".into(),
        ),
    ] {
        assert_eq!(heard(group, datagram), Some(expected));
    }
    let goodbye = heard(MDNS, fixture!("mdns/avahi-goodbye.bin")).expect("a goodbye");
    assert!(goodbye.starts_with("mdns goodbye: AAAA drucker.local = fe80::"), "{goodbye}");
    // What an address is called comes after what there is.
    assert!(!goodbye.contains("arpa") && goodbye.ends_with(" +5"), "{goodbye}");
}

#[test]
fn questions_are_told_too() {
    let mdns = b"\0\0\0\0\0\x02\0\0\0\0\0\0\x04_ipp\x04_tcp\x05local\0\0\x0c\0\x01\x03a.b\xc0\x16\0\xff\x80\x01";
    let expected = "mdns ask: PTR _ipp._tcp.local; ANY a\\\\.b.local +0";
    assert_eq!(heard(MDNS, mdns).as_deref(), Some(expected));
    let search = b"M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\nST: ssdp:all\r\n\r\n";
    assert_eq!(heard(SSDP, search).as_deref(), Some("ssdp ask: ST ssdp:all +0"));
    let probe = b"<E xmlns:d='urn:d'><Body><Probe><Types>d:Device</Types></Probe></Body></E>";
    let expected = "wsd ask: Probe ; Types {urn:d}Device +0";
    assert_eq!(heard(WSD, probe).as_deref(), Some(expected));
    let get = b"\x52\x01\x12\x34ab\xbb.well-known\x04core\x44rt=x";
    assert_eq!(heard(COAP, get).as_deref(), Some("coap ask: GET /.well-known/core?rt=x +0"));
}

#[test]
fn our_own_protocol_is_known_in_any_group() {
    let mut query = Vec::new();
    Datagram::Query(Query::new(7, 1)).encode(None, &mut query);
    assert_eq!(of(None, &query).as_ref().map(said).as_deref(), Some("mcast ask: services  +0"));
    let mut tlvs = TlvBuf::new();
    let attr = Attr { key: "color", value: Some(b"yes".as_slice()) };
    let epoch = Tlv::Epoch(Epoch { boot: 1, seq: 1 });
    for tlv in [Tlv::Service("printer"), Tlv::Name("lab"), Tlv::Attr(attr), epoch] {
        tlvs.push(tlv).expect("it fits");
    }
    let mut announcement = Vec::new();
    let announce = Announce { id: 0xfeed, lease_s: 120, tlvs: tlvs.as_tlvs() };
    Datagram::Announce(announce).encode(None, &mut announcement);
    let expected =
        "mcast announce: service printer; name lab; txt color = yes; id 000000000000feed +0";
    assert_eq!(heard("239.1.2.3:9", &announcement).as_deref(), Some(expected));
}

#[test]
fn what_is_not_of_its_groups_protocol_is_told_of_by_none() {
    let alive = fixture!("ssdp/async-upnp-client-alive-rootdevice.bin");
    for group in ["239.255.255.250:1901", "239.255.255.251:1900", MDNS, WSD, "224.1.1.1:50008"] {
        assert_eq!(heard(group, alive), None, "{group}");
    }
    assert_eq!(of(None, alive), None);
    for group in ["[ff02::c]:1900", "[ff05::c%3]:1900"] {
        assert!(heard(group, alive).is_some(), "{group}");
    }
    assert_eq!(heard("[ff02::fb]:1900", alive), None);
    for group in [MDNS, SSDP, WSD, COAP] {
        for garbage in [b"".as_slice(), b"\0", b"who's there?", &[0; 12], &[0xff; 600], b"<a/>"] {
            assert_eq!(heard(group, garbage), None, "{group}: {garbage:?}");
        }
    }
    // A code that has no name.
    assert_eq!(heard(COAP, b"\x50\x1e\0\0\xffstatus"), None);
    assert_eq!(heard(COAP, b"\x60\x00\0\0"), None);
}

proptest! {
    /// Any bytes, and real ones that were damaged, are read within bounds.
    #[test]
    fn whatever_it_is_it_is_told_within_bounds(
        which in 0..5usize,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        end in any::<prop::sample::Index>(),
    ) {
        let (group, real) = [
            (MDNS, fixture!("mdns/avahi-many-announce-5.bin")),
            (SSDP, fixture!("ssdp/ssdpy-answer.bin")),
            (WSD, fixture!("wsd/wsdiscovery-probe-matches.bin")),
            (COAP, fixture!("coap/libcoap-answer.bin")),
            (MDNS, fixture!("mdns/avahi-goodbye.bin")),
        ][which];
        let mut bytes = real.to_vec();
        for (at, byte) in damage {
            bytes[at.index(real.len())] = byte;
        }
        bytes.truncate(end.index(real.len()) + 1);
        if let Some(meaning) = of(Some(group.parse().expect("a group")), &bytes) {
            prop_assert!((1..=8).contains(&meaning.parts.len()));
            let longest = meaning.parts.iter().flat_map(|part| part.value.iter().chain([&part.name]));
            prop_assert!(longest.map(|text| text.bytes.len()).max() <= Some(160));
        }
    }
}
