//! The structured protocol's machines on a simulated network, what is true of them, and the bytes with
//! which somebody lies about them.

use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::service::{self, Answering, Discovery, Offer, Responding, Stores};
use mcast_proto::wire::{self, Announce, Datagram, Epoch, Goodbye, Query, Tlv, TlvBuf};
use mcast_proto::{Event, Instant, OwnedEvent};

use crate::sim::{Cue, Forger, Host, Link, NodeId, Packet, Sim, Socket, Truth, Verdict, Wire};

/// A network and what is true of it.
pub struct Stage {
    /// The network.
    pub sim: Sim,
    /// Who is there.
    pub truth: Truth,
}

/// The group of the structured protocol.
pub fn group() -> SocketAddr {
    (service::GROUP_V4, service::PORT).into()
}

/// A wire that loses this share each way, to a host that takes 0.3 ms to answer.
pub fn lossy(loss: f64) -> Link {
    Link { processing: Duration::from_micros(300), ..Link::default().loss(loss) }
}

/// Where a responder hears the group, by such a wire.
pub fn there(loss: f64) -> Host {
    Host::new(group(), true).link(lossy(loss))
}

/// Where an asker stands, which hears the group too, with the usual queues before it.
pub fn here() -> Host {
    Host::new(group(), true).port(40_000).socket(Socket::default())
}

/// What says this when it is asked, and nothing unasked.
pub fn quiet(offer: Offer) -> Responding {
    let stores = Stores { pending: 16, recent: 16, sources: 64 };
    Responding { announce: false, stores, ..Responding::of(offer) }
}

/// A printer with a short answer.
pub fn printer() -> Offer {
    Offer::new("printer").and_then(|offer| offer.port(631)).expect("valid")
}

/// All printers, within half a minute.
pub fn printers() -> Discovery {
    let of_printers = Discovery::of("printer").expect("valid");
    Discovery { deadline: Some(Duration::from_secs(30)), ..of_printers }
}

impl Stage {
    /// Nobody, yet.
    pub fn new(seed: u64) -> Stage {
        Stage { sim: Sim::new(seed).without_trace(), truth: Truth::new() }
    }

    /// The same with an account of all bytes.
    #[must_use]
    pub fn with_account(self) -> Stage {
        Stage { sim: self.sim.with_account(), ..self }
    }

    /// Puts a responder there, to stay: where it is, and its number.
    pub fn add(&mut self, host: Host, responding: &Responding) -> (NodeId, u64) {
        let machine = service::Responder::new(responding.clone(), self.sim.draw());
        let id = machine.id();
        let node = self.sim.add(host, machine);
        self.truth.add(id, &responding.offer, self.sim.addresses(node));
        (node, id)
    }

    /// Puts so many there.
    pub fn add_many(&mut self, count: u32, host: &Host, responding: &Responding) {
        for _ in 0..count {
            self.add(host.clone(), responding);
        }
    }

    /// Puts one machine with all of these services there, to stay: where it is.
    ///
    /// # Panics
    /// If they are more than one machine can have.
    pub fn add_all(&mut self, host: Host, answering: Answering, offers: &[Offer]) -> NodeId {
        let mut machine = service::Responders::new(answering, self.sim.draw());
        let add = |offer: &Offer| machine.add(Instant::ZERO, None, offer.clone()).expect("it fits");
        let ids: Vec<u64> = offers.iter().map(add).collect();
        let node = self.sim.add(host, machine);
        for (id, offer) in ids.into_iter().zip(offers) {
            self.truth.add(id, offer, self.sim.addresses(node));
        }
        node
    }

    /// Puts an asker there.
    pub fn ask(&mut self, host: Host, discovery: Discovery) -> NodeId {
        let machine = service::Discoverer::new(discovery, self.sim.draw());
        self.sim.add(host, machine)
    }

    /// Puts a watcher there.
    pub fn watch(&mut self, host: Host, discovery: Discovery) -> NodeId {
        let machine = service::Watcher::new(discovery, self.sim.draw());
        self.sim.add(host, machine)
    }

    /// Runs to an asker's end and judges what it told.
    ///
    /// # Panics
    /// If it has no end within 100 seconds, or said more than it knew.
    pub fn end(&mut self, asker: NodeId) -> Verdict {
        let limit = self.sim.now() + Duration::from_secs(100);
        assert!(self.sim.is_done(asker) || self.sim.run_until_done(asker, limit), "no end");
        let verdict = self.truth.judge(&self.sim, asker);
        verdict.assert_honest();
        verdict
    }

    /// Puts an asker there, runs to its end and judges what it told.
    ///
    /// # Panics
    /// As [`end`](Stage::end).
    pub fn discover(&mut self, discovery: Discovery) -> Verdict {
        let asker = self.ask(here(), discovery);
        self.end(asker)
    }

    /// Runs for so many milliseconds.
    pub fn run_ms(&mut self, ms: u64) {
        self.sim.run_for(Duration::from_millis(ms));
    }

    /// What a machine told so far.
    pub fn told(&self, node: NodeId) -> impl Iterator<Item = (Instant, Event<'_>)> {
        self.sim.records_of(node).filter_map(|record| {
            Some((record.at, record.event.as_ref().map(OwnedEvent::as_event)?))
        })
    }
}

/// One who says something to each query that he hears.
pub fn on_query(mut act: impl FnMut(&Query<'_>, &Packet, &mut Wire<'_>) + 'static) -> Forger {
    Forger::new(move |cue, wire| {
        if let Cue::Heard(packet) = cue
            && let Ok(Datagram::Query(query)) = wire::decode(&packet.bytes)
        {
            act(&query, packet, wire);
        }
    })
}

/// One who does this at each of his turns.
pub fn on_turn(mut act: impl FnMut(&mut Wire<'_>) + 'static) -> Forger {
    Forger::new(move |cue, wire| {
        if cue == Cue::Turn {
            act(wire);
        }
    })
}

/// So many turns a second.
pub fn per_second(rate: u32) -> Duration {
    Duration::from_secs(1) / rate
}

/// A datagram's bytes, without a key.
pub fn bytes(datagram: Datagram<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    datagram.encode(None, &mut bytes);
    bytes
}

/// What somebody of this age says of himself: this offer.
pub fn aged(offer: &Offer, epoch: Epoch) -> TlvBuf {
    let mut tlvs = TlvBuf::new();
    for tlv in offer.tlvs() {
        let tlv = if matches!(tlv, Tlv::Epoch(_)) { Tlv::Epoch(epoch) } else { tlv };
        tlvs.push(tlv).expect("it was valid in the offer");
    }
    tlvs
}

/// An announcement.
pub fn announcement(id: u64, lease_s: u32, offer: &Offer, epoch: Epoch) -> Vec<u8> {
    bytes(Datagram::Announce(Announce { id, lease_s, tlvs: aged(offer, epoch).as_tlvs() }))
}

/// A goodbye.
pub fn goodbye(id: u64, epoch: Epoch) -> Vec<u8> {
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tlv::Epoch(epoch)).expect("it is short");
    bytes(Datagram::Goodbye(Goodbye { id, tlvs: tlvs.as_tlvs() }))
}
