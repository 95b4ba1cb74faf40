//! The test signal that is always there: what others say by multicast DNS, SSDP and WS-Discovery, and what they
//! answer by which way.
//!
//! What is sent, by each interface and both families together: three questions in each dialect for answers by
//! unicast, three of multicast DNS for answers to the group, and two to each of eight hosts that were heard on
//! the group, in multicast DNS and in SSDP. That is 56 datagrams at the most.

mod dialect;
mod place;
mod querier;
mod tally;

use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use mcast_net::Batch;
use mcast_proto::Instant;

use self::dialect::Dialect;
use self::place::Place;
use self::querier::Queriers;
use self::tally::Tally;
use super::card::{Card, FAMILIES};
use super::conduct::Conduct;
use crate::facts::{Interface, Signal};

/// How long it takes to hear most of what there is.
pub const USUAL_TIME: Duration = Duration::from_secs(4);
/// The shortest time in which answers can come.
const LEAST_TIME: Duration = Duration::from_secs(2);

/// How often each question is asked.
const ROUNDS: u32 = 3;
/// What is left at the end, when nothing more is asked: an answer to a search comes within a second.
const REST: Duration = Duration::from_millis(1_200);
/// A round at the longest.
const LONGEST_ROUND: Duration = Duration::from_millis(1_300);
/// Between the questions of different dialects.
const STEP: Duration = Duration::from_millis(40);

/// How many hosts are asked alone, on each interface in each dialect, and how often each.
const MOST_CHOSEN: usize = 8;
const DIRECT_TIMES: u32 = 2;
/// Between two questions to one host.
const DIRECT_PAUSE: Duration = Duration::from_millis(600);

/// Listens and asks on every interface that is used for so long, two seconds at the least.
pub fn signal(interfaces: &[Interface], how_long: Duration, conduct: &mut Conduct<'_>) -> Signal {
    let all: Vec<Card> = interfaces.iter().map(Card::of).collect();
    let is_own = |ip: IpAddr| ip.is_loopback() || all.iter().any(|card| card.is_own(ip));
    let mut run = Run::open(Card::used(interfaces).collect());
    let (start, how_long) = (conduct.now(), how_long.max(LEAST_TIME));
    let end = start + how_long;
    let mut due =
        schedule(how_long).into_iter().map(|(after, act)| (start + after, act)).peekable();
    let mut batch = Batch::default();
    while conduct.now() < end && !conduct.is_stopped() {
        let now = conduct.now();
        while let Some((_, act)) = due.next_if(|(at, _)| *at <= now) {
            run.act(act, now);
            if act == Act::AskDirectly {
                conduct.tell(&format!("listening: {} hosts so far", run.tally.hosts()));
            }
        }
        let until = due.peek().map_or(end, |(at, _)| (*at).min(end));
        conduct.wait(run.sockets(), until);
        let now = conduct.now();
        let ms = (now - start).as_millis() as u64;
        run.queriers.hear();
        for place in &mut run.places {
            place.hear(&mut batch, (now, ms), &is_own, &mut run.tally);
        }
    }
    run.end((conduct.now() - start).as_millis() as u64)
}

/// What is done at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// Asks the groups of a dialect, for answers by unicast.
    Ask(Dialect),
    /// Asks the groups for answers to the group.
    AskForGroup,
    /// Asks hosts that were heard.
    AskDirectly,
}

/// What is done when, in its order.
fn schedule(how_long: Duration) -> Vec<(Duration, Act)> {
    let round = ((how_long - REST) / ROUNDS).min(LONGEST_ROUND);
    let mut acts = Vec::new();
    for nth in 0..ROUNDS {
        let begin = round * nth;
        for (place, dialect) in (0..).zip([Dialect::Mdns, Dialect::Ssdp, Dialect::Wsd]) {
            acts.push((begin + STEP * place, Act::Ask(dialect)));
        }
        // Apart from the other: who answers that to the group as well may say no record twice in a second
        // (RFC 6762 section 6).
        acts.push((begin + round / 2, Act::AskForGroup));
    }
    let mut at = DIRECT_PAUSE;
    while at + DIRECT_PAUSE <= how_long {
        acts.push((at, Act::AskDirectly));
        at += DIRECT_PAUSE;
    }
    acts.sort_by_key(|(at, _)| *at);
    acts
}

struct Run {
    cards: Vec<Card>,
    places: Vec<Place>,
    queriers: Queriers,
    tally: Tally,
}

impl Run {
    fn open(cards: Vec<Card>) -> Run {
        let mut tally = Tally::default();
        let mut places = Vec::new();
        for (number, card) in cards.iter().enumerate() {
            for own in FAMILIES.into_iter().filter_map(|family| card.source_for(family)) {
                for dialect in Dialect::ALL {
                    let place = Place::open((number, card), dialect, own);
                    if let Some(group) = place.heard_group() {
                        tally.listen((number, &card.interface.name), group);
                    }
                    places.push(place);
                }
            }
        }
        let queriers = Queriers::open(&cards);
        Run { cards, places, queriers, tally }
    }

    fn sockets(&self) -> impl Iterator<Item = &UdpSocket> {
        self.places.iter().flat_map(Place::sockets).chain(self.queriers.sockets())
    }

    fn act(&mut self, act: Act, now: Instant) {
        match act {
            Act::Ask(dialect) => {
                let its = self.places.iter_mut().filter(|place| place.dialect == dialect);
                its.for_each(Place::ask);
            }
            Act::AskForGroup => self.places.iter_mut().for_each(|place| place.ask_for_group(now)),
            Act::AskDirectly => self.ask_directly(),
        }
    }

    fn ask_directly(&mut self) {
        let Run { cards, places, tally, .. } = self;
        for place in places.iter_mut().filter(|place| place.dialect.asks_directly()) {
            let (number, card, dialect) = (place.card, &cards[place.card], place.dialect);
            // Who offers something by multicast DNS may have SSDP too: where the group of the one is heard and
            // that of the other is not, its answer tells what is missing.
            let others = (dialect == Dialect::Ssdp).then_some(Dialect::Mdns);
            let of_others = others.into_iter().flat_map(|other| tally.announcers(number, other));
            let mut hosts: Vec<IpAddr> = tally.announcers(number, dialect).collect();
            let others: Vec<IpAddr> = of_others.filter(|other| !hosts.contains(other)).collect();
            hosts.extend(others);
            let is_ipv4 = place.own.is_ipv4();
            let is_here = |host: &IpAddr| host.is_ipv4() == is_ipv4 && card.is_on_link(*host);
            for host in hosts.iter().copied().filter(is_here) {
                let asked = tally.asked_directly(number, dialect, host);
                if asked >= DIRECT_TIMES
                    || (asked == 0 && tally.chosen(number, dialect) >= MOST_CHOSEN)
                {
                    continue;
                }
                if let Some(device) = tally.device((number, &place.name), dialect, host)
                    && place.ask_directly(card, host)
                {
                    device.asked_directly += 1;
                }
            }
        }
    }

    fn end(self, listened_ms: u64) -> Signal {
        let mut signal = Signal { listened_ms, ..Signal::default() };
        for (asked, dropped) in self.places.into_iter().map(Place::end) {
            signal.asked.extend(asked);
            signal.dropped += dropped;
        }
        (signal.devices, signal.groups, signal.unlisted) = self.tally.end();
        signal.querier = self.queriers.end();
        signal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_asked_in_time_for_an_answer() {
        for seconds in [2, 3, 4, 300] {
            let how_long = Duration::from_secs(seconds);
            let acts = schedule(how_long);
            let of = |wanted: Act| acts.iter().filter(|(_, act)| *act == wanted).count();
            assert_eq!(of(Act::Ask(Dialect::Wsd)), 3);
            assert_eq!(of(Act::AskForGroup), 3);
            assert!(of(Act::AskDirectly) >= 2, "{seconds}");
            let last = acts.iter().rfind(|(_, act)| matches!(act, Act::Ask(_)));
            assert!(last.unwrap().0 <= how_long - REST, "{seconds}");
        }
    }
}
