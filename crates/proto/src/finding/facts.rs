//! What machines outside of this crate tell of one whom they have found.

use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use crate::wire::Attr;

/// One thing that is known of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact<'a> {
    /// What its protocol knows it by: see [`Key::Foreign`](crate::Key::Foreign).
    Key(&'a [u8]),
    /// Its name, for people.
    Name(&'a str),
    /// What it offers.
    Service(&'a str),
    /// The name of its host.
    Host(&'a str),
    /// Where there is more about it.
    Url(&'a str),
    /// An address at which it can be reached. A link-local one is of the link that it was heard on.
    Address(IpAddr),
    /// The port of its service.
    Port(u16),
    /// An attribute. The key may be any text here, an empty one too.
    Attr(Attr<'a>),
    /// What it said, as it is.
    Payload(&'a [u8]),
}

/// Facts, in the order in which they were told: made by [`FactsBuf`]. Of what can be true once alone the first
/// counts.
///
/// They are one slice of bytes, so that whoever keeps an event keeps one vector. No other process sees it: it
/// may be another in the next version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts<'a>(&'a [u8]);

/// Facts under construction. It keeps its memory, so make it once and clear it.
///
/// ```
/// use mcast_proto::{Body, Fact, FactsBuf, Finding, Key, Path, Protocol};
///
/// let mut facts = FactsBuf::new();
/// facts.push(Fact::Key(b"Lab._ipp._tcp.local"))?;
/// facts.push(Fact::Name("Lab"))?;
/// facts.push(Fact::Port(631))?;
/// let from = Path::new("10.0.0.2:5353".parse()?);
/// let body = Body::Facts(facts.as_facts());
/// let mut finding = Finding::new(Protocol::new("mdns"), from, body);
/// finding.lease = Some(core::time::Duration::from_secs(120));
/// assert_eq!(finding.key(), Key::Foreign(b"Lab._ipp._tcp.local"));
/// assert_eq!((finding.name(), finding.port()), (Some("Lab"), Some(631)));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FactsBuf(Vec<u8>);

/// There is no room for a fact: all together take more than [`FactsBuf::CAPACITY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactsFull;

/// The length of a fact's kind and its length.
const HEAD: usize = 3;

/// What a fact is of.
mod kind {
    pub(super) const KEY: u8 = 0;
    pub(super) const NAME: u8 = 1;
    pub(super) const SERVICE: u8 = 2;
    pub(super) const HOST: u8 = 3;
    pub(super) const URL: u8 = 4;
    pub(super) const V4: u8 = 5;
    pub(super) const V6: u8 = 6;
    pub(super) const PORT: u8 = 7;
    /// An attribute without a value.
    pub(super) const FLAG: u8 = 8;
    /// Behind the length of its key.
    pub(super) const ATTR: u8 = 9;
    pub(super) const PAYLOAD: u8 = 10;
}

impl FactsBuf {
    /// The bytes that all facts together may take: as many as a datagram can have. Each takes three besides
    /// what it says, and an attribute with a value two more.
    pub const CAPACITY: usize = 65_535;

    /// None yet.
    pub const fn new() -> FactsBuf {
        FactsBuf(Vec::new())
    }

    /// Takes all out, and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds a fact.
    ///
    /// # Errors
    ///
    /// If there is no room for it. Nothing is added then, and a shorter one may still fit.
    pub fn push(&mut self, fact: Fact<'_>) -> Result<(), FactsFull> {
        match fact {
            Fact::Key(bytes) => self.append(kind::KEY, &[bytes]),
            Fact::Name(text) => self.append(kind::NAME, &[text.as_bytes()]),
            Fact::Service(text) => self.append(kind::SERVICE, &[text.as_bytes()]),
            Fact::Host(text) => self.append(kind::HOST, &[text.as_bytes()]),
            Fact::Url(text) => self.append(kind::URL, &[text.as_bytes()]),
            Fact::Address(IpAddr::V4(ip)) => self.append(kind::V4, &[&ip.octets()]),
            Fact::Address(IpAddr::V6(ip)) => self.append(kind::V6, &[&ip.octets()]),
            Fact::Port(port) => self.append(kind::PORT, &[&port.to_be_bytes()]),
            Fact::Attr(Attr { key, value: None }) => self.append(kind::FLAG, &[key.as_bytes()]),
            Fact::Attr(Attr { key, value: Some(value) }) => {
                let length = u16::try_from(key.len()).map_err(|_| FactsFull)?;
                self.append(kind::ATTR, &[&length.to_be_bytes(), key.as_bytes(), value])
            }
            Fact::Payload(bytes) => self.append(kind::PAYLOAD, &[bytes]),
        }
    }

    /// What there is.
    pub fn as_facts(&self) -> Facts<'_> {
        Facts(&self.0)
    }

    fn append(&mut self, kind: u8, parts: &[&[u8]]) -> Result<(), FactsFull> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if self.0.len() + HEAD + length > Self::CAPACITY {
            return Err(FactsFull);
        }
        let length = u16::try_from(length).map_err(|_| FactsFull)?;
        self.0.push(kind);
        self.0.extend_from_slice(&length.to_be_bytes());
        parts.iter().for_each(|part| self.0.extend_from_slice(part));
        Ok(())
    }
}

impl<'a> Facts<'a> {
    /// None at all.
    pub const NONE: Facts<'static> = Facts(&[]);

    /// The bytes of facts, as [`as_bytes`](Self::as_bytes) told them.
    pub(crate) fn checked_before(bytes: &'a [u8]) -> Facts<'a> {
        Facts(bytes)
    }

    pub(crate) fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// They one after the other.
    pub fn iter(self) -> FactIter<'a> {
        FactIter(self.0)
    }
}

impl<'a> IntoIterator for Facts<'a> {
    type Item = Fact<'a>;
    type IntoIter = FactIter<'a>;
    fn into_iter(self) -> FactIter<'a> {
        self.iter()
    }
}

/// Iterates over [`Facts`].
#[derive(Debug, Clone)]
pub struct FactIter<'a>(&'a [u8]);

impl<'a> Iterator for FactIter<'a> {
    type Item = Fact<'a>;

    fn next(&mut self) -> Option<Fact<'a>> {
        let ([kind, length @ ..], rest) = self.0.split_first_chunk::<HEAD>()?;
        let (said, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        self.0 = rest;
        let text = |bytes: &'a [u8]| str::from_utf8(bytes).ok();
        Some(match *kind {
            kind::KEY => Fact::Key(said),
            kind::NAME => Fact::Name(text(said)?),
            kind::SERVICE => Fact::Service(text(said)?),
            kind::HOST => Fact::Host(text(said)?),
            kind::URL => Fact::Url(text(said)?),
            kind::V4 => Fact::Address(<[u8; 4]>::try_from(said).ok()?.into()),
            kind::V6 => Fact::Address(<[u8; 16]>::try_from(said).ok()?.into()),
            kind::PORT => Fact::Port(u16::from_be_bytes(said.try_into().ok()?)),
            kind::FLAG => Fact::Attr(Attr { key: text(said)?, value: None }),
            kind::ATTR => {
                let (length, said) = said.split_first_chunk()?;
                let (key, value) = said.split_at_checked(u16::from_be_bytes(*length).into())?;
                Fact::Attr(Attr { key: text(key)?, value: Some(value) })
            }
            kind::PAYLOAD => Fact::Payload(said),
            // Nobody writes another.
            _ => return None,
        })
    }
}

impl fmt::Display for FactsFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no room for more than {} bytes of facts", FactsBuf::CAPACITY)
    }
}

impl core::error::Error for FactsFull {}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;

    use super::*;

    fn all() -> Vec<Fact<'static>> {
        let attr = |key, value| Fact::Attr(Attr { key, value });
        vec![
            Fact::Key(b"\0\xff"),
            Fact::Key(b""),
            Fact::Name("Gr\u{f6}\u{df}e \u{1b}[2J"),
            Fact::Service("_ipp._tcp"),
            Fact::Host("lab.local"),
            Fact::Url("http://10.0.0.2/"),
            Fact::Address([192, 0, 2, 7].into()),
            Fact::Address([0xfe80, 0, 0, 0, 0, 0, 0, 7].into()),
            Fact::Port(0x0277),
            attr("color", None),
            attr("color", Some(b"")),
            attr("", Some(b"=\0\xff")),
            Fact::Payload(b"Me!"),
        ]
    }

    #[test]
    fn what_is_told_is_read_back_in_its_order() {
        let mut facts = FactsBuf::new();
        for _ in 0..2 {
            facts.clear();
            assert_eq!(facts.as_facts(), Facts::NONE);
            for fact in all() {
                assert_eq!(facts.push(fact), Ok(()));
            }
            assert_eq!(facts.as_facts().into_iter().collect::<Vec<_>>(), all());
        }
        let kept = Facts::checked_before(facts.as_facts().as_bytes());
        assert!(kept.iter().eq(all()));
    }

    #[test]
    fn what_does_not_fit_changes_nothing_and_a_shorter_one_still_fits() {
        let longest = "x".repeat(FactsBuf::CAPACITY - HEAD);
        let mut facts = FactsBuf::new();
        assert_eq!(facts.push(Fact::Url(&longest)), Ok(()));
        assert_eq!(facts.push(Fact::Key(b"")), Err(FactsFull));
        assert!(facts.as_facts().iter().eq([Fact::Url(&longest)]));

        facts.clear();
        assert_eq!(facts.push(Fact::Port(80)), Ok(()));
        assert_eq!(facts.push(Fact::Url(&longest)), Err(FactsFull));
        for value in [None, Some(&b""[..])] {
            let key = &String::from("k").repeat(FactsBuf::CAPACITY + 1);
            assert_eq!(facts.push(Fact::Attr(Attr { key, value })), Err(FactsFull));
        }
        assert_eq!(facts.push(Fact::Payload(&longest.as_bytes()[5..])), Ok(()));
        assert_eq!(facts.as_facts().iter().count(), 2);
        assert_eq!(facts.as_facts().as_bytes().len(), FactsBuf::CAPACITY);
    }

    #[test]
    fn within_its_capacity_it_keeps_its_memory() {
        let mut facts = FactsBuf::new();
        facts.push(Fact::Payload(&[7; 1000])).unwrap();
        let memory = facts.0.as_ptr();
        facts.clear();
        facts.push(Fact::Payload(&[7; 1000])).unwrap();
        assert_eq!(facts.0.as_ptr(), memory);
    }
}
