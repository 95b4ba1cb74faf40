//! What a message says of a device.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use mcast_proto::{Arrival, Destination, Instant};
use roxmltree::Node;
use sha2::{Digest, Sha256};

use super::envelope::{Envelope, Kind};
use super::{identity, question};
use crate::scan::{
    Heard, Hold, Identity, LONGEST_ID, Saying, Sighting, Source, Told, Uuid, Verdict, Words,
};
use crate::url;
use crate::xml::{child, document, text};

/// Devices that are read of one message: each takes some hundred bytes of it.
const MOST_MATCHES: usize = 32;
/// Types, scopes and addresses that are told of one device.
const MOST_ITEMS: usize = 32;
/// Questions that answers are matched with.
const MOST_ASKED: usize = 64;
/// Messages of which copies are known, and for how long: a message is sent up to four times in two seconds.
const MOST_RECENT: usize = 64;
const RECENT: Duration = Duration::from_secs(3);
/// One that was just asked where it is has so long to answer before it is asked again.
const RESOLVED_WITHIN: Duration = Duration::from_secs(1);

/// The places of these in the [`Words`] of a device.
const ADDRESSES: usize = 1;
const TYPES: usize = 3;

/// What was asked, and what was heard a moment ago.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    asked: VecDeque<(Uuid, Instant)>,
    recent: VecDeque<([u8; 16], Instant)>,
    resolved: VecDeque<(Source, Identity, Instant)>,
}

impl Answers {
    /// A question of this number is put.
    pub(super) fn ask(&mut self, id: Uuid, now: Instant) {
        push(&mut self.asked, (id, now), MOST_ASKED);
    }

    /// Tells what a datagram says. A copy of one that came a moment ago is known by its bytes, before
    /// anything is read of it.
    pub(super) fn hear(
        &mut self,
        datagram: &[u8],
        arrival: &Arrival,
        to: &mut Told<'_>,
    ) -> Verdict {
        let now = to.now();
        if self.is_copy(now, arrival, datagram) {
            return Verdict::Taken;
        }
        let Some(document) = document(datagram) else { return Verdict::Refused };
        let Some(envelope) = Envelope::of(&document) else { return Verdict::Refused };
        let asked = match envelope.kind {
            Kind::Question => return Verdict::Beside,
            Kind::Matches => match envelope.relates_to().and_then(|id| self.asked_at(id)) {
                Some(asked) => Some(asked),
                // An answer to somebody else, who is on this host; or to nobody.
                None => return Verdict::Refused,
            },
            // Unasked, so that anybody can say it: those outside of the link don't.
            Kind::Hello | Kind::Bye if !arrival.on_link => return Verdict::Refused,
            Kind::Hello | Kind::Bye => None,
        };
        let taken = arrival.time(now);
        let round_trip = asked.map(|asked| taken - asked);
        let mut devices = match envelope.kind {
            Kind::Matches => Devices::Many(envelope.content),
            _ => Devices::One(envelope.content),
        }
        .all();
        let mut is_well_formed = true;
        for device in devices.by_ref().take(MOST_MATCHES) {
            is_well_formed &= self.take(device, &envelope, round_trip, arrival, to).is_some();
        }
        if devices.next().is_some() {
            to.cut_short();
        }
        if is_well_formed { Verdict::Taken } else { Verdict::Refused }
    }

    /// Tells of one device; `None` where it doesn't say who it is.
    fn take(
        &mut self,
        device: Node<'_, '_>,
        envelope: &Envelope<'_, '_>,
        round_trip: Option<Duration>,
        arrival: &Arrival,
        to: &mut Told<'_>,
    ) -> Option<()> {
        let address = text(child(device, "EndpointReference")?, "Address")?;
        let id = address.as_bytes();
        if id.len() > LONGEST_ID {
            return None;
        }
        if envelope.kind == Kind::Bye {
            to.gone(arrival.from, id);
            return Some(());
        }
        // The number of its start. It is believed where a device announces itself: some answer each question
        // with another one.
        let instance = envelope.instance().filter(|_| envelope.kind == Kind::Hello);
        let (types, addresses) = (text(device, "Types"), text(device, "XAddrs"));
        let words = Words::of([
            instance.map(str::as_bytes),
            addresses.map(str::as_bytes),
            text(device, "MetadataVersion").map(str::as_bytes),
            // Which of its types it says depends on what it was asked for; that it said some is news once.
            types.map(|_| b"types".as_slice()),
        ]);
        // What it announces, or answers to a probe, may be half of what is known, and what is told is always
        // the whole: so the whole is asked for. A device that was started anew has said nothing yet.
        let mut leaves_out = |said: bool, nth| !said && to.knows(arrival.from, id, nth);
        let is_half = device.tag_name().name() != "ResolveMatch"
            && (leaves_out(types.is_some(), TYPES) || leaves_out(addresses.is_some(), ADDRESSES))
            && !to.is_news(arrival.from, id, Words::of([instance.map(str::as_bytes)]));
        let is_half_of_news = is_half && to.is_news(arrival.from, id, words);
        let words = if is_half { Words::default() } else { words };
        let sighting = Sighting {
            id,
            words,
            hold: Hold::Rounds,
            recall: &[],
            round_trip,
            lease: None,
            say: &|saying| say(device, address, saying),
        };
        let heard = to.here(arrival, &sighting);
        // What announces itself without saying what it is can be asked that, as well as where.
        let lacks_something = is_half_of_news
            || to.lacks(arrival.from, id, ADDRESSES)
            || envelope.kind == Kind::Hello && to.lacks(arrival.from, id, TYPES);
        if heard != Heard::NoRoom && lacks_something {
            self.resolve(address, arrival, to);
        }
        Some(())
    }

    /// Asks a device for what it has not said.
    fn resolve(&mut self, address: &str, arrival: &Arrival, to: &mut Told<'_>) {
        let (now, source) = (to.now(), Source::of(arrival.from.remote));
        let identity = Identity::of(address.as_bytes());
        let is_it = |&(from, who, at): &(Source, Identity, Instant)| {
            from == source && who == identity && now - at < RESOLVED_WITHIN
        };
        if self.resolved.iter().any(is_it) {
            return;
        }
        push(&mut self.resolved, (source, identity, now), MOST_RECENT);
        let id = to.draws().uuid();
        let mut bytes = Vec::new();
        question::resolve(address, id, &mut bytes);
        if to.follow_up(arrival.from, Destination::GROUP, bytes) {
            self.ask(id, now);
        }
    }

    fn asked_at(&self, relates_to: &str) -> Option<Instant> {
        let text = relates_to.strip_prefix("urn:").unwrap_or(relates_to);
        let id = Uuid::parse(text.strip_prefix("uuid:").unwrap_or(text))?;
        self.asked.iter().find(|(asked, _)| *asked == id).map(|(_, at)| *at)
    }

    /// Whether the same came from there a moment ago.
    fn is_copy(&mut self, now: Instant, arrival: &Arrival, datagram: &[u8]) -> bool {
        let mut digest = Sha256::new_with_prefix(datagram);
        match arrival.from.remote.ip() {
            core::net::IpAddr::V4(ip) => digest.update(ip.octets()),
            core::net::IpAddr::V6(ip) => digest.update(ip.octets()),
        }
        let digest = digest.finalize();
        let print = core::array::from_fn(|nth| digest[nth]);
        let is_known = |&(other, at): &([u8; 16], Instant)| other == print && now - at < RECENT;
        let is_copy = self.recent.iter().any(is_known);
        if !is_copy {
            push(&mut self.recent, (print, now), MOST_RECENT);
        }
        is_copy
    }
}

/// The oldest gives way.
fn push<T>(queue: &mut VecDeque<T>, item: T, most: usize) {
    if queue.len() >= most {
        queue.pop_front();
    }
    queue.push_back(item);
}

/// Where in a message the devices are.
enum Devices<'a, 'd> {
    One(Node<'a, 'd>),
    Many(Node<'a, 'd>),
}

impl<'a, 'd: 'a> Devices<'a, 'd> {
    fn all(self) -> impl Iterator<Item = Node<'a, 'd>> {
        let (one, many) = match self {
            Devices::One(one) => (Some(one), None),
            Devices::Many(many) => (None, Some(many)),
        };
        let many = many.into_iter().flat_map(|many| many.children());
        let is_match = |node: &Node<'_, '_>| {
            node.is_element() && matches!(node.tag_name().name(), "ProbeMatch" | "ResolveMatch")
        };
        one.into_iter().chain(many.filter(is_match))
    }
}

fn say(device: Node<'_, '_>, address: &str, to: &mut Saying) {
    to.attribute(b"device", address.as_bytes());
    if let Some(types) = child(device, "Types") {
        for name in types.text().unwrap_or_default().split_ascii_whitespace().take(MOST_ITEMS) {
            to.service(identity::expanded(types, name).as_bytes());
        }
    }
    let scopes = text(device, "Scopes").unwrap_or_default();
    if let Some(name) = identity::name(scopes) {
        to.name(name.as_bytes());
    }
    let addresses = text(device, "XAddrs").unwrap_or_default().split_ascii_whitespace();
    for address in addresses.take(MOST_ITEMS) {
        to.url(address.as_bytes());
        let (host, port) = url::place(address.as_bytes());
        if let Some(host) = host {
            to.address(host);
        }
        if let Some(port) = port {
            to.port(port);
        }
    }
    for scope in scopes.split_ascii_whitespace().take(MOST_ITEMS) {
        to.attribute(b"scope", scope.as_bytes());
    }
    if let Some(version) = text(device, "MetadataVersion") {
        to.attribute(b"metadata-version", version.as_bytes());
    }
}
