//! The types that are asked for: those that are given, or the usual ones and whatever is heard of.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use mcast_proto::Instant;

use super::identity::{MAX_TYPE, ServiceType, TypeLabels, all_types_wire};
use super::retries::{Pace, Retries};
use super::schedule::Schedule;
use super::shares::Source;
use crate::scan::Draws;

/// Types that are learned, and of one source. What is beyond that is left out, and a reason for a doubt.
const MOST_LEARNED: usize = 256;
const MOST_OF_ONE: usize = 48;
/// The same question is not put again within this.
const PAUSE: Duration = Duration::from_secs(1);

/// What many devices offer. They are asked for directly, because not everybody answers who has which types:
/// mdnsd does not.
#[rustfmt::skip]
const USUAL: [&str; 40] = [
    "_http._tcp", "_https._tcp", "_ipp._tcp", "_ipps._tcp", "_printer._tcp",
    "_pdl-datastream._tcp", "_scanner._tcp", "_uscan._tcp", "_airplay._tcp", "_raop._tcp",
    "_googlecast._tcp", "_spotify-connect._tcp", "_sonos._tcp", "_hap._tcp", "_hap._udp",
    "_hue._tcp", "_matter._tcp", "_matterc._udp", "_meshcop._udp", "_home-assistant._tcp",
    "_esphomelib._tcp", "_mqtt._tcp", "_smb._tcp", "_afpovertcp._tcp", "_nfs._tcp",
    "_ssh._tcp", "_sftp-ssh._tcp", "_rfb._tcp", "_workstation._tcp", "_device-info._tcp",
    "_companion-link._tcp", "_adisk._tcp", "_nvstream._tcp", "_androidtvremote2._tcp", "_amzn-wplay._tcp",
    "_axis-video._tcp", "_rtsp._tcp", "_coap._udp", "_daap._tcp", "_shelly._tcp",
];

/// What is asked for: the instances of a type, or all types.
#[derive(Debug, Clone)]
pub(super) struct Type {
    /// `None`: it is the name that lists all types.
    pub(super) service: Option<ServiceType>,
    /// The name that is asked for, as bytes of a message.
    pub(super) name: Box<[u8]>,
    /// Its instances that are known.
    pub(super) instances: BTreeSet<u64>,
    retries: Retries,
    /// It is asked for at this time because of its instances.
    soon: Option<Instant>,
    last: Option<Instant>,
    turn: Option<Instant>,
}

impl Type {
    /// When it was asked for last.
    pub(super) fn last_asked(&self) -> Option<Instant> {
        self.last
    }

    fn new(service: Option<ServiceType>, first: Instant) -> Type {
        let name = service.as_ref().map_or_else(all_types_wire, ServiceType::wire);
        Type {
            service,
            name: name.into(),
            instances: BTreeSet::new(),
            retries: Retries::new(first),
            soon: None,
            last: None,
            turn: None,
        }
    }
}

/// Whether a type is one of those that are looked for, with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// It was known.
    Known(usize),
    /// It is, since now.
    New(usize),
    /// It is none that was asked for.
    Other,
    /// There is no room for it.
    NoRoom,
}

/// The types that are asked for, by number.
#[derive(Debug, Clone)]
pub(super) struct Types {
    all: Vec<Type>,
    numbers: BTreeMap<ServiceType, usize>,
    /// No others are looked for than were given.
    is_closed: bool,
    learned: BTreeMap<Source, usize>,
    schedule: Schedule<usize>,
}

impl Types {
    /// These; where there are none, the name that lists all types first, and then the usual ones.
    pub(super) fn new(only: &BTreeSet<ServiceType>) -> Types {
        let mut types = Types {
            all: Vec::new(),
            numbers: BTreeMap::new(),
            is_closed: !only.is_empty(),
            learned: BTreeMap::new(),
            schedule: Schedule::new(),
        };
        if only.is_empty() {
            types.add(None, Instant::AT_ONCE);
        }
        let usual =
            USUAL.iter().filter(|_| only.is_empty()).filter_map(|name| ServiceType::new(name));
        for service in only.iter().cloned().chain(usual) {
            types.add(Some(service), Instant::AT_ONCE);
        }
        types
    }

    /// All are asked for afresh, from then on.
    pub(super) fn restart(&mut self, first: Instant) {
        for (number, one) in self.all.iter_mut().enumerate() {
            one.retries = Retries::new(first);
            self.schedule.bring_forward(&mut one.turn, first, number);
        }
    }

    /// The type of this number.
    pub(super) fn get(&self, number: usize) -> Option<&Type> {
        self.all.get(number)
    }

    /// An instance of it is known, or no longer.
    pub(super) fn instances_mut(&mut self, number: usize) -> Option<&mut BTreeSet<u64>> {
        self.all.get_mut(number).map(|one| &mut one.instances)
    }

    /// The number of a type that is known.
    pub(super) fn number(&self, labels: TypeLabels<'_>) -> Option<usize> {
        let mut buffer = [0; MAX_TYPE];
        self.numbers.get(labels.text(&mut buffer)).copied()
    }

    /// The number of the name that lists all types, if that is asked for.
    pub(super) fn all_types(&self) -> Option<usize> {
        self.all.first().filter(|first| first.service.is_none()).map(|_| 0)
    }

    /// A source has told of a type. It is asked for as soon as there is time.
    pub(super) fn learn(&mut self, now: Instant, source: Source, labels: TypeLabels<'_>) -> Wanted {
        if let Some(number) = self.number(labels) {
            return Wanted::Known(number);
        }
        if self.is_closed {
            return Wanted::Other;
        }
        let own = self.learned.get(&source).copied().unwrap_or(0);
        if own >= MOST_OF_ONE || self.learned.values().sum::<usize>() >= MOST_LEARNED {
            return Wanted::NoRoom;
        }
        self.learned.insert(source, own + 1);
        Wanted::New(self.add(Some(labels.to_service_type()), now))
    }

    fn add(&mut self, service: Option<ServiceType>, first: Instant) -> usize {
        let number = self.all.len();
        if let Some(service) = &service {
            self.numbers.insert(service.clone(), number);
        }
        let mut one = Type::new(service, first);
        self.schedule.bring_forward(&mut one.turn, first, number);
        self.all.push(one);
        number
    }

    /// A type is to be asked for as soon as it can be, because something is due of its instances.
    pub(super) fn ask_soon(&mut self, now: Instant, number: usize) {
        if let Some(one) = self.all.get_mut(number) {
            let soon = one.last.map_or(now, |last| now.max(last + PAUSE));
            one.soon.get_or_insert(soon);
            self.schedule.bring_forward(&mut one.turn, soon, number);
        }
    }

    /// When the next type is to be asked for.
    pub(super) fn next(&self) -> Option<Instant> {
        self.schedule.next()
    }

    /// The next type that is asked for, now. Says also whether it is for the first time.
    pub(super) fn take(
        &mut self,
        now: Instant,
        pace: Pace,
        draws: &mut Draws,
    ) -> Option<(usize, bool)> {
        while let Some(number) = self.schedule.take(now) {
            let Some(one) = self.all.get_mut(number) else { continue };
            one.turn = None;
            let is_asked_soon = one.soon.take_if(|soon| *soon <= now).is_some();
            let is_asked = one.retries.take(now, pace, draws) || is_asked_soon;
            let next = [one.retries.next(), one.soon].into_iter().flatten().min();
            if let Some(next) = next {
                self.schedule.bring_forward(&mut one.turn, next, number);
            }
            if is_asked {
                return Some((number, one.last.replace(now).is_none()));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::name::Name;
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn source(host: u8) -> Source {
        Source { link: None, ip: [10, 0, 0, host].into() }
    }

    fn learn(types: &mut Types, host: u8, name: &str) -> Wanted {
        let wire = ServiceType::new(name).expect("a type").wire();
        let name = Name::read(&wire, 0).expect("a name").0;
        types.learn(at(5), source(host), TypeLabels::of_type(name).expect("a type"))
    }

    #[test]
    fn the_name_of_all_types_is_first_and_each_is_asked_for_as_often_as_is_meant() {
        let (mut types, mut draws) = (Types::new(&BTreeSet::new()), Draws::new(7));
        let mut asked = alloc::vec![0; USUAL.len() + 1];
        let mut order = Vec::new();
        while let Some(next) = types.next() {
            let (number, is_first) = types.take(next, Pace::Run(3), &mut draws).expect("it is due");
            assert_eq!(is_first, asked[number] == 0);
            asked[number] += 1;
            order.push(number);
        }
        assert!(order[..USUAL.len()].is_sorted() && asked.iter().all(|times| *times == 3));
        assert!(types.get(0).is_some_and(|all| all.service.is_none() && all.name.len() == 30));
        assert_eq!(types.numbers.len(), USUAL.len(), "each of them is a type, and there once");
    }

    #[test]
    fn others_are_learned_but_where_some_were_given() {
        let mut types = Types::new(&BTreeSet::new());
        assert_eq!(learn(&mut types, 1, "_ipp._tcp"), Wanted::Known(3));
        assert_eq!(learn(&mut types, 1, "_Odd._tcp"), Wanted::New(41));
        assert_eq!(learn(&mut types, 2, "_odd._TCP"), Wanted::Known(41));
        let only = ServiceType::new("_ipp._tcp").into_iter().collect();
        let mut types = Types::new(&only);
        assert_eq!(learn(&mut types, 1, "_ipp._tcp"), Wanted::Known(0));
        assert_eq!(learn(&mut types, 1, "_odd._tcp"), Wanted::Other);
        assert_eq!(types.all.len(), 1);
    }

    #[test]
    fn who_invents_types_has_no_more_than_a_share() {
        let mut types = Types::new(&BTreeSet::new());
        let mut tell = |host: u8, count: usize| {
            let news = (0..count)
                .map(|nth| learn(&mut types, host, &alloc::format!("_x{host}-{nth}._udp")));
            news.filter(|wanted| matches!(wanted, Wanted::New(_))).count()
        };
        assert_eq!((tell(1, 1_000), tell(2, 3)), (48, 3));
        assert_eq!((3..20).map(|host| tell(host, 100)).sum::<usize>(), 256 - 51);
    }

    #[test]
    fn the_same_is_not_asked_for_again_within_a_second() {
        let only = ServiceType::new("_ipp._tcp").into_iter().collect();
        let (mut types, mut draws) = (Types::new(&only), Draws::new(7));
        assert_eq!(types.take(at(50), Pace::Watch, &mut draws), Some((0, true)));
        types.ask_soon(at(60), 0);
        types.ask_soon(at(70), 0);
        assert_eq!(types.next(), Some(at(1_050)));
        assert_eq!(types.take(at(1_050), Pace::Watch, &mut draws), Some((0, false)));
        let regular = types.next().expect("it is watched");
        assert!((at(1_050)..=at(1_150)).contains(&regular));
        types.restart(at(1_060));
        assert_eq!(types.take(at(1_060), Pace::Watch, &mut draws), Some((0, false)));
    }
}
