//! Attackers: who hears what is said on a wire, and says what he likes in anybody's name.

use std::rc::Rc;
use std::time::Duration;

use mcast_proto::Instant;

use super::Sim;
use super::packet::Packet;
use super::queue::Happening;

/// Somebody on a wire who keeps to no protocol. What he does is one function: it is called with each
/// datagram that he hears and, where he has a rate, at each of his turns.
///
/// He hears what nodes send to groups, and what he sends passes the links and queues of its receivers
/// like any other. He does not hear what he or other forgers send.
pub struct Forger {
    act: Box<Act>,
    island: u32,
    hears_unicasts: bool,
    every: Option<Duration>,
    from: Instant,
    until: Instant,
}

type Act = dyn FnMut(Cue<'_>, &mut Wire<'_>);

/// Why a forger is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue<'a> {
    /// He hears this.
    Heard(&'a Packet),
    /// It is his turn, by his rate.
    Turn,
}

/// Where a forger puts his datagrams.
pub struct Wire<'s> {
    now: Instant,
    rng: &'s mut fastrand::Rng,
    out: Vec<(Duration, Packet)>,
}

impl Wire<'_> {
    /// The present.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The run's generator of random numbers.
    pub fn rng(&mut self) -> &mut fastrand::Rng {
        self.rng
    }

    /// Sends a datagram at once: it reaches the switch now.
    pub fn send(&mut self, packet: Packet) {
        self.send_after(Duration::ZERO, packet);
    }

    /// Sends a datagram after a while.
    pub fn send_after(&mut self, wait: Duration, packet: Packet) {
        self.out.push((wait, packet));
    }
}

impl Forger {
    /// A forger who does this, from the start of the run to its end.
    pub fn new(act: impl FnMut(Cue<'_>, &mut Wire<'_>) + 'static) -> Forger {
        Forger {
            act: Box::new(act),
            island: 0,
            hears_unicasts: false,
            every: None,
            from: Instant::ZERO,
            until: Instant::FAR_FUTURE,
        }
    }

    /// One who sends these one after the other, one a turn, and then from the first again.
    pub fn replaying(packets: Vec<Packet>) -> Forger {
        let mut next = 0;
        Forger::new(move |cue, wire| {
            if cue == Cue::Turn && !packets.is_empty() {
                wire.send(packets[next % packets.len()].clone());
                next += 1;
            }
        })
    }

    /// The same who hears what goes to single hosts too, as on a hub, on open Wi-Fi, or by ARP spoofing.
    #[must_use]
    pub fn hears_unicasts(self) -> Forger {
        Forger { hears_unicasts: true, ..self }
    }

    /// The same with a turn this often.
    #[must_use]
    pub fn every(self, period: Duration) -> Forger {
        Forger { every: Some(period), ..self }
    }

    /// The same who hears nothing and has no turn outside these moments.
    #[must_use]
    pub fn between(self, from: Instant, until: Instant) -> Forger {
        Forger { from, until, ..self }
    }

    /// The same on this island.
    #[must_use]
    pub fn on_island(self, island: u32) -> Forger {
        Forger { island, ..self }
    }
}

impl Sim {
    /// Puts a forger on the network.
    pub fn add_forger(&mut self, forger: Forger) {
        if forger.every.is_some() {
            let first = forger.from.max(self.now);
            self.queue.push(first, Happening::Turn(self.forgers.len()));
        }
        self.forgers.push(forger);
    }

    pub(super) fn turn(&mut self, number: usize) {
        let Forger { every, until, .. } = self.forgers[number];
        if self.now > until {
            return;
        }
        self.act(number, Cue::Turn);
        if let Some(period) = every {
            self.queue.push(self.now + period, Happening::Turn(number));
        }
    }

    /// Lets forgers hear what passes the switch.
    pub(super) fn overhear(&mut self, island: u32, packet: &Packet) {
        for number in 0..self.forgers.len() {
            let forger = &self.forgers[number];
            if forger.island == island
                && (forger.hears_unicasts || packet.is_to_group())
                && (forger.from..=forger.until).contains(&self.now)
            {
                self.act(number, Cue::Heard(packet));
            }
        }
    }

    fn act(&mut self, number: usize, cue: Cue<'_>) {
        let forger = &mut self.forgers[number];
        let mut wire = Wire { now: self.now, rng: &mut self.rng, out: Vec::new() };
        (forger.act)(cue, &mut wire);
        let island = forger.island;
        for (wait, packet) in wire.out {
            let packet = Rc::new(packet);
            self.queue.push(self.now + wait, Happening::Forged { island, packet });
        }
    }

    pub(super) fn forged(&mut self, island: u32, packet: &Rc<Packet>) {
        self.trace.forged(self.now, packet);
        self.forward(island, packet);
    }
}
