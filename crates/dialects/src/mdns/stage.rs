//! A machine on a stage: what happens to it, and what it did, in words.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use mcast_proto::ops::{Op, Outcome};
use mcast_proto::{Arrival, Cast, Destination, Event, Finding, InterfaceId, LaneId, Path};

use simple_dns::rdata::{self, RData};
use simple_dns::{CLASS, Name, Packet, ResourceRecord};

use super::wire::Message;
use super::{GROUP_V4, PORT};

/// So many milliseconds pass.
pub(super) fn wait(millis: u64) -> Op {
    Op::Wait(Duration::from_millis(millis))
}

/// A host of the link says this to the group, from the protocol's port.
pub(super) fn group(host: u8, bytes: &[u8]) -> Op {
    Op::Datagram(arrival(host, PORT, Cast::Group((GROUP_V4, PORT).into())), bytes.to_vec())
}

/// It says this to us alone.
pub(super) fn unicast(host: u8, bytes: &[u8]) -> Op {
    Op::Datagram(arrival(host, PORT, Cast::Unicast), bytes.to_vec())
}

/// From that host of the link, of which we are number 1.
pub(super) fn arrival(host: u8, port: u16, cast: Cast) -> Arrival {
    let from = Path::new(([10, 0, 0, host], port).into()).by(InterfaceId(3));
    Arrival::new(from, cast, true).at_local(([10, 0, 0, 1], PORT).into())
}

/// What was told, a line each.
pub(super) fn told(outcome: &Outcome) -> Vec<String> {
    outcome.events().map(|(_, event)| line(&event)).collect()
}

/// The same with the milliseconds at which it was told.
pub(super) fn told_when(outcome: &Outcome) -> Vec<(u64, String)> {
    outcome.events().map(|(at, event)| (at.as_nanos() / 1_000_000, line(&event))).collect()
}

fn line(event: &Event<'_>) -> String {
    match event {
        Event::Found(finding) => format!("found {}", words(finding)),
        Event::Changed { finding, change } => format!("changed {change} {}", words(finding)),
        Event::Lost { key, reason, .. } => {
            let mcast_proto::Key::Foreign(key) = key else { panic!("{key:?}") };
            let key = String::from_utf8_lossy(key);
            format!("lost {reason} {}", key.split('.').next().unwrap_or_default())
        }
        other => panic!("{other:?}"),
    }
}

fn words(finding: &Finding<'_>) -> String {
    let addresses: Vec<String> = finding.addresses().map(|ip| format!("{ip}")).collect();
    let attrs: Vec<String> = finding
        .attrs()
        .map(|attr| {
            let value = attr.value.map(|value| format!("={}", value.escape_ascii()));
            format!("{}{}", attr.key, value.unwrap_or_default())
        })
        .collect();
    format!(
        "{:?} {} at {} ({}) port {} [{}] {} for {} s",
        finding.name().unwrap_or_default(),
        finding.service().unwrap_or_default(),
        finding.host().unwrap_or("?"),
        addresses.join(", "),
        finding.port().map_or("?".into(), |port| format!("{port}")),
        attrs.join(", "),
        finding.via,
        finding.lease.map_or(0, |lease| lease.as_secs()),
    )
}

/// What was asked, a line a message, with the milliseconds at which it was.
pub(super) fn asked(outcome: &Outcome) -> Vec<(u64, String)> {
    let line = |bytes: &[u8]| {
        let message = Message::read(bytes).expect("it is a message");
        let mut words: Vec<String> = message
            .questions()
            .map(|question| {
                assert!(!question.is_unicast);
                format!("{} {:?}", question.kind, question.name)
            })
            .collect();
        words.extend(
            message.records().map(|record| format!("known {:?} {}", record.data, record.ttl)),
        );
        if message.is_truncated() {
            words.push("more".into());
        }
        words.join("; ")
    };
    outcome.sent().map(|(at, _, bytes)| (at.as_nanos() / 1_000_000, line(bytes))).collect()
}

/// What was asked of the group, from the protocol's port, with the milliseconds at which it was.
pub(super) fn asked_of_group(outcome: &Outcome) -> Vec<(u64, String)> {
    let is_by_group = outcome.sent().map(|(_, to, bytes)| {
        let is_by_group = to == Destination::Group(LaneId(1));
        assert_eq!(bytes[..2] == [0, 0], is_by_group);
        is_by_group
    });
    let asked = asked(outcome).into_iter().zip(is_by_group);
    asked.filter(|(_, is_by_group)| *is_by_group).map(|(asked, _)| asked).collect()
}

/// An answer to the group, or one that looks as if it were: no number, no question.
pub(super) fn answer(records: &[(&str, u32, RData<'_>)]) -> Vec<u8> {
    let mut packet = Packet::new_reply(0);
    for (name, ttl, data) in records {
        let name = Name::new(name).expect("a name");
        packet.answers.push(ResourceRecord::new(name, CLASS::IN, *ttl, data.clone()));
    }
    packet.build_bytes_vec_compressed().expect("a message")
}

/// The same, where each record takes the place of all others of its name and type.
pub(super) fn flushing(records: &[(&str, u32, RData<'_>)]) -> Vec<u8> {
    let bytes = answer(records);
    let mut packet = Packet::parse(&bytes).expect("a message");
    packet.answers.iter_mut().for_each(|record| record.cache_flush = true);
    packet.build_bytes_vec_compressed().expect("a message")
}

/// That an instance is there.
pub(super) fn ptr(target: &str) -> RData<'_> {
    RData::PTR(rdata::PTR(Name::new(target).expect("a name")))
}

/// Where it is.
pub(super) fn srv(host: &str, port: u16) -> RData<'_> {
    let target = Name::new(host).expect("a name");
    RData::SRV(rdata::SRV { priority: 0, weight: 0, port, target })
}

/// What it says of itself: one string.
pub(super) fn txt(string: &str) -> RData<'_> {
    RData::TXT(rdata::TXT::new().with_string(string).expect("a string"))
}

/// Where that is.
pub(super) fn a(host: u8) -> RData<'static> {
    RData::A(rdata::A { address: u32::from_be_bytes([10, 0, 0, host]) })
}

/// All that there is to say of a printer at this host.
pub(super) fn printer(host: u8, ttl: u32) -> Vec<u8> {
    answer(&[
        ("_ipp._tcp.local", ttl, ptr("Lab._ipp._tcp.local")),
        ("Lab._ipp._tcp.local", ttl, srv("lab.local", 631)),
        ("Lab._ipp._tcp.local", ttl, txt("rp=x")),
        ("lab.local", ttl, a(host)),
    ])
}
