use alloc::vec::Vec;

use super::*;
use crate::InterfaceId;
use crate::wire::TlvBuf;

const REMOTE: &str = "10.0.0.3:41234";

fn finding<'a>(remote: &str, body: Body<'a>) -> Finding<'a> {
    Finding::new(Protocol::MCAST, Path::new(remote.parse().unwrap()), body)
}

fn service<'a>(tlvs: &'a TlvBuf) -> Body<'a> {
    let tlvs = tlvs.as_tlvs();
    Body::Service(Instance { id: 7, authentic: false, truncated: false, tlvs })
}

fn tlvs(all: &[Tlv<'_>]) -> TlvBuf {
    let mut buf = TlvBuf::new();
    all.iter().for_each(|tlv| buf.push(*tlv).unwrap());
    buf
}

fn facts(all: &[Fact<'_>]) -> FactsBuf {
    let mut buf = FactsBuf::new();
    all.iter().for_each(|fact| buf.push(*fact).unwrap());
    buf
}

fn endpoint(address: Option<&str>, port: u16) -> Tlv<'static> {
    let address = address.map(|address| address.parse().unwrap());
    Tlv::Endpoint(Endpoint { address, port })
}

fn address(text: &str) -> Fact<'static> {
    Fact::Address(text.parse().unwrap())
}

#[test]
fn of_the_plain_protocol_there_is_an_address_and_what_was_said() {
    let finding = finding(REMOTE, Body::Plain { number: 5, payload: b"Me!" });
    let remote = REMOTE.parse().unwrap();
    assert_eq!(finding.key(), Key::Plain { remote, number: 5 });
    assert_eq!(finding.payload(), Some(&b"Me!"[..]));
    assert_eq!((finding.name(), finding.service()), (None, None));
    assert_eq!((finding.host(), finding.url()), (None, None));
    assert_eq!((finding.port(), finding.endpoint()), (None, None));
    assert_eq!((finding.attrs().count(), finding.instance()), (0, None));
    assert!(finding.addresses().eq([remote.ip()]));
}

#[test]
fn both_other_kinds_say_the_same_things_in_the_same_words() {
    let attr = |key, value| Attr { key, value };
    let (color, floor) = (attr("color", None), attr("floor", Some(&b"3"[..])));
    let said = tlvs(&[
        Tlv::Payload(b"Me!"),
        Tlv::Attr(color),
        Tlv::Name("lab-3"),
        endpoint(Some("10.0.0.4"), 631),
        Tlv::Service("printer"),
        Tlv::Attr(floor),
        endpoint(None, 632),
    ]);
    let of_tlvs = finding(REMOTE, service(&said));
    let told = facts(&[
        Fact::Payload(b"Me!"),
        Fact::Key(b"lab-3"),
        Fact::Attr(color),
        Fact::Name("lab-3"),
        Fact::Name("another"),
        address("10.0.0.4"),
        Fact::Port(631),
        Fact::Service("printer"),
        Fact::Attr(floor),
        address("10.0.0.3"),
        Fact::Host("lab-3.local"),
        Fact::Url("http://10.0.0.4/"),
    ]);
    let of_facts = finding(REMOTE, Body::Facts(told.as_facts()));
    for finding in [of_tlvs, of_facts] {
        assert_eq!((finding.name(), finding.service()), (Some("lab-3"), Some("printer")));
        assert_eq!((finding.port(), finding.payload()), (Some(631), Some(&b"Me!"[..])));
        assert_eq!(finding.attrs().collect::<Vec<_>>(), [color, floor]);
        let addresses: Vec<IpAddr> = finding.addresses().collect();
        assert_eq!(addresses, ["10.0.0.4", "10.0.0.3"].map(|it| it.parse::<IpAddr>().unwrap()));
        assert_eq!(finding.endpoint(), Some("10.0.0.4:631".parse().unwrap()));
    }
    assert_eq!((of_tlvs.key(), of_facts.key()), (Key::Service(7), Key::Foreign(b"lab-3")));
    assert_eq!((of_tlvs.host(), of_tlvs.url()), (None, None));
    assert_eq!((of_facts.host(), of_facts.url()), (Some("lab-3.local"), Some("http://10.0.0.4/")));
    assert_eq!((of_tlvs.instance().map(|it| it.id), of_facts.instance()), (Some(7), None));
}

#[test]
fn who_names_no_address_is_where_it_was_heard_from() {
    let silent = finding(REMOTE, Body::Facts(Facts::NONE));
    assert!(silent.addresses().eq(["10.0.0.3".parse::<IpAddr>().unwrap()]));
    assert_eq!((silent.key(), silent.endpoint()), (Key::Foreign(b""), None));
    let port = facts(&[Fact::Port(80)]);
    let with_port = finding(REMOTE, Body::Facts(port.as_facts()));
    assert_eq!(with_port.endpoint(), Some("10.0.0.3:80".parse().unwrap()));
}

#[test]
fn a_link_local_address_is_of_the_link_that_it_was_heard_on() {
    let said = tlvs(&[endpoint(None, 631)]);
    let here = finding("[fe80::3%2]:41234", service(&said));
    assert_eq!(here.endpoint(), Some("[fe80::3%2]:631".parse().unwrap()));
    for (address, expected) in
        [("fe80::4", "[fe80::4%2]:631"), ("2001:db8::4", "[2001:db8::4]:631")]
    {
        let said = tlvs(&[endpoint(Some(address), 631)]);
        let elsewhere = finding("[fe80::3%2]:41234", service(&said));
        assert_eq!(elsewhere.endpoint(), Some(expected.parse().unwrap()));
        let from = Path::new("10.0.0.3:9".parse().unwrap()).by(InterfaceId(2));
        let by_v4 = Finding::new(Protocol::MCAST, from, service(&said));
        assert_eq!(by_v4.endpoint(), Some(expected.parse().unwrap()));
    }
}
