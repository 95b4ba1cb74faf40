//! What is told of an instance, in the words that all protocols share.

use alloc::string::String;

use mcast_proto::wire::Attr;
use mcast_proto::{Change, Fact, Facts, FactsBuf, FactsFull, Finding, Protocol};

use super::hosts::Host;
use super::identity::TypeLabels;
use super::instance::Instance;
use super::name::Name;
use super::types::Type;

/// Multicast DNS with its service discovery.
pub const PROTOCOL: Protocol = Protocol::new("mdns");

/// What there is to tell of an instance.
///
/// # Errors
///
/// If there is more than facts may be; what is told of one is too little for that.
pub(super) fn facts_of(
    instance: &Instance,
    host: Option<&Host>,
    of_type: Option<&Type>,
) -> Result<FactsBuf, FactsFull> {
    let mut facts = FactsBuf::new();
    facts.push(Fact::Key(&instance.told_key()))?;
    if let Some((name, _)) = Name::read(&instance.name, 0)
        && let Some((_, own)) = TypeLabels::of_instance(name)
    {
        facts.push(Fact::Name(&text(name.labels().take(own))))?;
    }
    if let Some(service) = of_type.and_then(|of_type| of_type.service.as_ref()) {
        facts.push(Fact::Service(service.as_str()))?;
    }
    if let Some((name, _)) = host.and_then(|host| Name::read(&host.name, 0)) {
        facts.push(Fact::Host(&text(name.labels())))?;
    }
    let said = || host.into_iter().flat_map(Host::addresses);
    let heard = Some(instance.source.ip).filter(|heard| said().all(|ip| ip != *heard));
    for ip in said().chain(heard) {
        facts.push(Fact::Address(ip))?;
    }
    if let Some(server) = instance.server {
        facts.push(Fact::Port(server.port))?;
    }
    if let Some(attributes) = &instance.attributes {
        attrs(&attributes.strings, |key, value| facts.push(Fact::Attr(Attr { key, value })))?;
    }
    Ok(facts)
}

/// A finding that is told.
pub(super) fn finding<'a>(instance: &Instance, facts: Facts<'a>) -> Finding<'a> {
    let mut finding = Finding::new(PROTOCOL, instance.from, mcast_proto::Body::Facts(facts));
    finding.via = instance.via;
    finding.round_trip = instance.round_trip;
    finding.lease = Some(instance.lease());
    finding
}

/// What is new, if anything is.
pub(super) fn change(before: Facts<'_>, now: Facts<'_>) -> Option<Change> {
    if !Iterator::eq(content(before), content(now)) {
        Some(Change::Content)
    } else if !Iterator::eq(addresses(before), addresses(now)) {
        Some(Change::Address)
    } else {
        None
    }
}

fn content(facts: Facts<'_>) -> impl Iterator<Item = Fact<'_>> {
    facts.iter().filter(|fact| !matches!(fact, Fact::Address(_)))
}

fn addresses(facts: Facts<'_>) -> impl Iterator<Item = Fact<'_>> {
    facts.iter().filter(|fact| matches!(fact, Fact::Address(_)))
}

/// Labels with dots between them.
fn text<'a>(labels: impl Iterator<Item = &'a [u8]>) -> String {
    let mut text = String::new();
    for (nth, label) in labels.enumerate() {
        if nth > 0 {
            text.push('.');
        }
        text.push_str(&String::from_utf8_lossy(label));
    }
    text
}

/// Gives the attributes of strings one after the other: `key=value`, or `key`. Of those with the same key the
/// first counts, and one without a key does not (RFC 6763 section 6.4).
fn attrs(
    strings: &[u8],
    mut give: impl FnMut(&str, Option<&[u8]>) -> Result<(), FactsFull>,
) -> Result<(), FactsFull> {
    for (nth, string) in each_string(strings).enumerate() {
        let (key, value) = split(string);
        let is_again =
            || each_string(strings).take(nth).any(|one| split(one).0.eq_ignore_ascii_case(key));
        if !key.is_empty() && !is_again() {
            give(&String::from_utf8_lossy(key), value)?;
        }
    }
    Ok(())
}

fn split(string: &[u8]) -> (&[u8], Option<&[u8]>) {
    match string.iter().position(|byte| *byte == b'=') {
        Some(at) => (&string[..at], Some(&string[at + 1..])),
        None => (string, None),
    }
}

fn each_string(mut strings: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::from_fn(move || {
        let (length, rest) = strings.split_first()?;
        let (string, rest) = rest.split_at_checked((*length).into())?;
        strings = rest;
        Some(string)
    })
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::net::IpAddr;

    use super::*;

    #[test]
    fn attributes_have_keys_and_the_first_of_each_counts() {
        let strings = b"\x0crp=ipp/print\x05note=\x06duplex\x04RP=x\x02=y\x00\x03b=\xff\x03\xffk=";
        let mut seen = Vec::new();
        let given = attrs(strings, |key, value| {
            seen.push((String::from(key), value.map(Vec::from)));
            Ok(())
        });
        assert_eq!(given, Ok(()));
        let expected = [
            ("rp", Some(&b"ipp/print"[..])),
            ("note", Some(b"")),
            ("duplex", None),
            ("b", Some(b"\xff")),
            ("\u{fffd}k", Some(b"")),
        ];
        assert_eq!(seen, expected.map(|(key, value)| (String::from(key), value.map(Vec::from))));
        // The last string of a broken record is cut off.
        assert_eq!(each_string(b"\x01a\x05b").count(), 1);
    }

    #[test]
    fn a_change_is_of_content_or_of_addresses_alone() {
        let facts = |port, last: u8| {
            let mut facts = FactsBuf::new();
            facts.push(Fact::Port(port)).unwrap();
            facts.push(Fact::Address(IpAddr::from([10, 0, 0, last]))).unwrap();
            facts
        };
        let before = facts(1, 1);
        for (now, what) in [
            (facts(1, 1), None),
            (facts(1, 2), Some(Change::Address)),
            (facts(2, 1), Some(Change::Content)),
            (facts(2, 2), Some(Change::Content)),
        ] {
            assert_eq!(change(before.as_facts(), now.as_facts()), what);
        }
    }
}
