//! What is to be told of a find, written down while the datagram is there.

use alloc::string::String;
use core::net::IpAddr;

use mcast_proto::wire::Attr;
use mcast_proto::{Fact, FactsBuf};

/// So long may all be that is told of one find: more than any device says in a datagram that fits an
/// Ethernet. What does not fit is left out, and that is told.
const MOST_BYTES: usize = 8 * 1024;
/// The length of each fact besides what it says, at the most.
const HEAD: usize = 5;

/// The facts of one find. What is no UTF-8 is told with a sign for each byte that isn't.
#[derive(Debug, Clone, Default)]
pub struct Saying {
    facts: FactsBuf,
    bytes: usize,
    is_cut: bool,
}

impl Saying {
    /// What is said of one that is known by this.
    pub(crate) fn of(key: &[u8], say: &dyn Fn(&mut Saying)) -> Saying {
        let mut saying = Saying::default();
        saying.push(key.len(), Fact::Key(key));
        say(&mut saying);
        saying
    }

    pub(crate) fn facts(&self) -> &FactsBuf {
        &self.facts
    }

    /// Whether something was left out.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// A name for people.
    pub(crate) fn name(&mut self, name: &[u8]) {
        let name = String::from_utf8_lossy(name);
        self.push(name.len(), Fact::Name(&name));
    }

    /// What it offers or is.
    pub(crate) fn service(&mut self, service: &[u8]) {
        let service = String::from_utf8_lossy(service);
        self.push(service.len(), Fact::Service(&service));
    }

    /// Where there is more about it. Nothing is fetched.
    pub(crate) fn url(&mut self, url: &[u8]) {
        let url = String::from_utf8_lossy(url);
        self.push(url.len(), Fact::Url(&url));
    }

    /// An address that it says of itself.
    pub(crate) fn address(&mut self, address: IpAddr) {
        self.push(16, Fact::Address(address));
    }

    /// The port of its service.
    pub(crate) fn port(&mut self, port: u16) {
        self.push(2, Fact::Port(port));
    }

    /// Whatever else it says.
    pub(crate) fn attribute(&mut self, name: &[u8], value: &[u8]) {
        let key = &*String::from_utf8_lossy(name);
        self.push(key.len() + value.len(), Fact::Attr(Attr { key, value: Some(value) }));
    }

    /// Something that it says without a value.
    pub(crate) fn flag(&mut self, name: &[u8]) {
        let key = &*String::from_utf8_lossy(name);
        self.push(key.len(), Fact::Attr(Attr { key, value: None }));
    }

    fn push(&mut self, length: usize, fact: Fact<'_>) {
        let bytes = self.bytes + HEAD + length;
        if bytes <= MOST_BYTES && self.facts.push(fact).is_ok() {
            self.bytes = bytes;
        } else {
            self.is_cut = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out_and_that_is_told() {
        let saying = Saying::of(b"key", &|saying| {
            saying.name(b"a\xffb");
            saying.flag(b"obs");
        });
        assert!(!saying.is_cut());
        assert_eq!(saying.facts().as_facts().iter().count(), 3);
        let saying = Saying::of(b"key", &|saying| {
            saying.attribute(b"a", &[b'x'; MOST_BYTES]);
            saying.port(80);
        });
        assert!(saying.is_cut());
        assert!(saying.facts().as_facts().iter().eq([Fact::Key(b"key"), Fact::Port(80)]));
    }
}
