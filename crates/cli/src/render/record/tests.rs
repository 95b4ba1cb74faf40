use std::collections::BTreeSet;
use std::time::Duration;

use mcast_dialects::describe::Description;
use mcast_proto::service::Instance;
use mcast_proto::wire::{Attr, Endpoint, Tlv, TlvBuf};
use mcast_proto::{Fact, FactsBuf, InterfaceId, OwnedKey, Path};
use serde_json::Value;

use super::super::json::line;
use super::*;
use crate::describing::{self, Page, Reason};
use crate::roster::Roster;

/// The names of all fields of a record: one that comes to be does not compile until it is named here.
macro_rules! fields {
    ($record:expr, $Type:ident { $($field:ident),* $(,)? }) => {{
        let $Type { $($field: _),* } = $record;
        [$(stringify!($field)),*]
    }};
}

fn keys(record: &Record<'_>) -> BTreeSet<String> {
    let mut buffer = Vec::new();
    line(&mut buffer, record);
    let value: Value = serde_json::from_slice(&buffer).unwrap();
    value.as_object().unwrap().keys().cloned().collect()
}

/// Asserts that JSON has all these fields, in one of these records at the least, and no others.
fn assert_fields<'a>(records: &[&Record<'_>], fields: impl IntoIterator<Item = &'a str>) {
    let shown: BTreeSet<String> = records.iter().flat_map(|record| keys(record)).collect();
    let mut expected = BTreeSet::from(["event".to_owned()]);
    for field in fields {
        let names: &[&str] = match field {
            // Those that are spread over the record's own.
            "payload" => &["payload", "payload_base64"],
            "offer" => &["service", "services", "name", "port", "txt", "txt_base64"],
            "asked" => &["payload", "service", "watch", "question"],
            field => &[field],
        };
        expected.extend(names.iter().map(|name| (*name).to_owned()));
    }
    assert_eq!(shown, expected);
}

fn path() -> Path {
    Path::new(([10, 0, 0, 3], 41_234).into())
}

fn tlvs() -> TlvBuf {
    let mut tlvs = TlvBuf::new();
    for tlv in [
        Tlv::Service("printer"),
        Tlv::Endpoint(Endpoint { address: None, port: 631 }),
        Tlv::Attr(Attr { key: "raw", value: Some(b"\xff") }),
        Tlv::Payload(b"\xff"),
    ] {
        tlvs.push(tlv).unwrap();
    }
    tlvs
}

fn service(tlvs: &TlvBuf) -> Finding<'_> {
    let tlvs = tlvs.as_tlvs();
    let instance = Instance { id: 7, authentic: true, truncated: true, tlvs };
    Finding::new(Protocol::MCAST, path(), Body::Service(instance))
}

fn device() -> FactsBuf {
    let mut facts = FactsBuf::new();
    for fact in [
        Fact::Key(b"uuid:1"),
        Fact::Name("Lab"),
        Fact::Service("ssdp:\x1b"),
        Fact::Service("root"),
        Fact::Host("lab.local"),
        Fact::Url("http://10.0.0.4/"),
        Fact::Address([10, 0, 0, 4].into()),
        Fact::Address([0xfe80, 0, 0, 0, 0, 0, 0, 4].into()),
        Fact::Port(80),
        Fact::Attr(Attr { key: "server", value: Some(b"x") }),
        Fact::Payload(b"NOTIFY"),
    ] {
        facts.push(fact).unwrap();
    }
    facts
}

fn foreign(facts: &FactsBuf) -> Finding<'_> {
    Finding::new(Protocol::new("ssdp"), path(), Body::Facts(facts.as_facts()))
}

#[test]
fn every_field_of_one_who_is_there_is_in_json() {
    let (tlvs, facts, past) = (tlvs(), device(), Past::default());
    let since = Past { since: Some(SystemTime::UNIX_EPOCH), gone: None };
    let time = SystemTime::UNIX_EPOCH;
    let found = Record::of(&Event::Found(foreign(&facts)), Some("eth0"), time, &past);
    let event = Event::Changed { finding: service(&tlvs), change: Change::Content };
    let changed = Record::of(&event, None, time, &since);
    let Record::Found(it) = &found else { panic!("{found:?}") };
    let names = fields!(
        it,
        Found {
            time,
            addr,
            interface,
            rtt_ms,
            payload,
            offer,
            id,
            endpoint,
            host,
            url,
            addresses,
            via,
            lease_ms,
            authentic,
            truncated,
            change,
            since,
            dialect,
            device,
            source,
        }
    );
    // Where it was heard from is told as its device alone.
    let names = names.into_iter().filter(|name| *name != "source");
    assert_fields(&[&found.clone().with_device(), &changed], names);
}

#[test]
fn every_field_of_one_who_is_gone_is_in_json() {
    let tlvs = tlvs();
    let (roster, time) = (Roster::default(), SystemTime::UNIX_EPOCH);
    let lost_of = |finding: Finding<'_>| {
        let Finding { protocol, from, .. } = finding;
        let key = OwnedKey::from(finding.key());
        let event = Event::Lost { protocol, key: key.as_key(), from, reason: Loss::Expired };
        roster.note(&Event::Found(finding), Some("eth0"), time);
        let past = roster.note(&event, None, time);
        let record = Record::of(&event, None, time, &past);
        let Record::Lost(it) = &record else { panic!("{record:?}") };
        let names = fields!(it, Lost { last, reason });
        (keys(&record.clone().with_device()), names)
    };
    let facts = device();
    let plain = Finding::new(Protocol::PLAIN, path(), Body::Plain { number: 1, payload: b"Me!" });
    let (of_service, names) = lost_of(service(&tlvs));
    assert_eq!(names, ["last", "reason"]);
    let nothing = Past::default();
    // As it was found, and why and since when it was there.
    for (shown, finding) in [
        (of_service, service(&tlvs)),
        (lost_of(foreign(&facts)).0, foreign(&facts)),
        (lost_of(plain).0, plain),
    ] {
        let found = Record::of(&Event::Found(finding), Some("eth0"), time, &nothing);
        let mut expected = keys(&found.with_device());
        expected.extend(["reason", "since"].map(str::to_owned));
        assert_eq!(shown, expected);
    }
    let finding = service(&tlvs);
    let (protocol, key, from) = (finding.protocol, finding.key(), finding.from);
    let event = Event::Lost { protocol, key, from, reason: Loss::Expired };
    let unknown = Record::of(&event, Some("eth0"), time, &nothing);
    let expected =
        ["event", "time", "addr", "interface", "rtt_ms", "id", "lease_ms", "dialect", "reason"];
    assert_eq!(keys(&unknown), BTreeSet::from(expected.map(str::to_owned)));
}

#[test]
fn every_field_of_what_is_asked_and_said_is_in_json() {
    let (time, past, from) = (SystemTime::UNIX_EPOCH, Past::default(), path());
    let (protocol, refused) = (Protocol::PLAIN, Some(Refusal::Busy));
    let ask = |question| {
        let event = Event::Asked { protocol, from, question, refused };
        Record::of(&event, None, time, &past)
    };
    let probe = ask(Question::Plain(b"who's there?"));
    let query = ask(Question::Service { name: Some("printer"), watch: true });
    let Record::Request(mut unknown) = query.clone() else { panic!("{query:?}") };
    let names =
        fields!(&unknown, Request { time, from, interface, asked, answered, refused, dialect });
    unknown.asked = Asked::Other { question: "Riddle".into() };
    assert_fields(&[&probe, &query, &Record::Request(unknown)], names);

    let group = Some("239.255.255.250:1900".parse().unwrap());
    let event = |payload| Event::Message { protocol, from, group, payload };
    let all = [event(b"M-SEARCH\nST: a"), event(b"\xff")];
    let [known, bytes] = all.map(|event| Record::of(&event, None, time, &past));
    let Record::Message(it) = &known else { panic!("{known:?}") };
    let names =
        fields!(it, Message { time, from, group, interface, len, payload, dialect, act, meaning });
    assert_fields(&[&known, &bytes], names);

    let page = Page {
        from: path().remote,
        by: InterfaceId(2),
        interface: None,
        url: "http://10.0.0.3/".into(),
    };
    let said = [Ok(Description::default()), Err(Reason::Late)];
    let all = said.map(|said| describing::Described { page: page.clone(), said });
    let [said, not] = [&all[0], &all[1]].map(|it| Described::of(it, Time(time)));
    let names = fields!(
        &said,
        Described { time, device, interface, url, name, manufacturer, model, udn, error, dialect }
    );
    assert_fields(&[&Record::Described(said), &Record::Described(not)], names);
}

#[test]
fn of_another_protocol_json_has_what_the_contract_says() {
    let facts = device();
    let mut finding = foreign(&facts);
    finding.lease = Some(Duration::from_secs(1800));
    let past = Past::default();
    let record = Record::of(&Event::Found(finding), Some("eth0"), SystemTime::UNIX_EPOCH, &past);
    let mut buffer = Vec::new();
    line(&mut buffer, &record);
    assert_eq!(
        String::from_utf8(buffer).unwrap(),
        concat!(
            r#"{"event":"found","time":"1970-01-01T00:00:00.000000Z","addr":"10.0.0.4:80","#,
            r#""interface":"eth0","rtt_ms":null,"payload":"NOTIFY","service":"ssdp:\u001b","#,
            r#""services":["ssdp:\u001b","root"],"name":"Lab","port":80,"txt":{"server":"x"},"id":"uuid:1","endpoint":"10.0.0.4:80","#,
            r#""host":"lab.local","url":"http://10.0.0.4/","#,
            r#""addresses":["10.0.0.4","fe80::4%eth0"],"via":"unicast","lease_ms":1800000,"#,
            r#""dialect":"ssdp"}"#,
            "\n"
        )
    );
}

#[test]
fn a_service_is_reached_where_it_says_or_where_it_answered_from() {
    let reach = |remote: &str, endpoint: Option<Option<&str>>| {
        let mut tlvs = TlvBuf::new();
        if let Some(address) = endpoint {
            let address = address.map(|address| address.parse().unwrap());
            tlvs.push(Tlv::Endpoint(Endpoint { address, port: 631 })).unwrap();
        }
        let mut finding = service(&tlvs);
        finding.from = Path::new(remote.parse().unwrap());
        let time = Time(SystemTime::UNIX_EPOCH);
        Found::of(finding, Some("eth0"), time, None, None).reach().to_string()
    };
    assert_eq!(reach("10.0.0.3:41234", None), "10.0.0.3");
    assert_eq!(reach("[fe80::3%2]:41234", None), "fe80::3%eth0");
    assert_eq!(reach("10.0.0.3:41234", Some(None)), "10.0.0.3:631");
    assert_eq!(reach("[fe80::3%2]:41234", Some(None)), "[fe80::3%eth0]:631");
    assert_eq!(reach("10.0.0.3:41234", Some(Some("10.0.0.4"))), "10.0.0.4:631");
}
