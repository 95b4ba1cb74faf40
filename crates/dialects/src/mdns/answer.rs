//! What an answer tells: records of all sections together, whatever the order in which they come.

use core::net::IpAddr;
use core::time::Duration;

use mcast_proto::{Instant, Path, Via};

use super::hosts::Listed;
use super::identity::{Key, Link, ListedBy, TypeLabels, is_all_types};
use super::instance::{Attributes, Instance, MAX_STRINGS, MAX_TXT, Server};
use super::lease::{LEGACY_TTL_S, Lease};
use super::name::{MAX_NAME, Name};
use super::retries::Pace;
use super::shares::{NoRoom, Source};
use super::table::Table;
use super::types::{Types, Wanted};
use super::wire::{Data, Message, Record};

/// What comes so long after the last question for its type is no answer to that.
const ANSWERED_WITHIN: Duration = Duration::from_secs(3);

/// How an answer came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    /// When it was handed over.
    pub(super) now: Instant,
    /// When the operating system took it in.
    pub(super) taken: Instant,
    /// By whom.
    pub(super) from: Path,
    /// How.
    pub(super) via: Via,
    /// It is to a private port: its times are no leases.
    pub(super) is_legacy: bool,
}

/// What an answer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Outcome {
    /// It told something new.
    pub(super) is_news: bool,
    /// Something in it, or something known, had no room.
    pub(super) lacks_room: bool,
}

impl Heard {
    /// Who said it.
    pub(super) fn source(&self) -> Source {
        Source { link: self.link(), ip: self.from.remote.ip() }
    }

    fn link(&self) -> Link {
        self.from.interface
    }

    /// For how long a record holds.
    fn ttl_s(&self, record: &Record<'_>) -> u32 {
        if self.is_legacy && record.ttl > 0 { LEGACY_TTL_S } else { record.ttl }
    }
}

/// Takes in what an answer says. First which instances there are, then where, then which addresses those places
/// have: so that it does not matter in which section or in which order records come.
pub(super) fn hear(
    table: &mut Table,
    types: &mut Types,
    heard: &Heard,
    message: &Message<'_>,
) -> Outcome {
    // A run has no use for what is gone, and believes nobody who says that another is.
    let pace = table.pace;
    let counts = |record: &Record<'_>| record.ttl > 0 || pace == Pace::Watch;
    let mut hearing = Hearing { table, types, heard, outcome: Outcome::default() };
    for record in message.records().filter(counts) {
        if let Data::Ptr(target) = record.data {
            hearing.list(&record, target);
        }
    }
    for record in message.records().filter(counts) {
        match record.data {
            Data::Srv { host, port } => hearing.serve(&record, host, port),
            Data::Txt(strings) => hearing.describe(&record, strings),
            _ => {}
        }
    }
    for record in message.records().filter(counts) {
        match record.data {
            Data::A(ip) => hearing.locate(&record, ip.into()),
            Data::Aaaa(ip) => hearing.locate(&record, ip.into()),
            _ => {}
        }
    }
    hearing.outcome
}

/// An answer that is being taken in.
struct Hearing<'a> {
    table: &'a mut Table,
    types: &'a mut Types,
    heard: &'a Heard,
    outcome: Outcome,
}

impl Hearing<'_> {
    /// A type is there, or an instance.
    fn list(&mut self, record: &Record<'_>, target: Name<'_>) {
        if is_all_types(record.name) {
            if let Some(labels) = TypeLabels::of_type(target).filter(|_| record.ttl > 0) {
                self.learn(labels);
            }
            return;
        }
        let Some((labels, _)) = TypeLabels::of_instance(target) else { return };
        let Some(listed_by) = labels.are_listed_by(record.name) else { return };
        let key = Key::new(self.heard.link(), target);
        if let Some(number) = self.table.number(&key) {
            self.list_again(number, record, listed_by);
        } else if record.ttl > 0
            && let Some(kind) = self.learn(labels)
        {
            self.list_first(record, target, &key, kind);
        }
    }

    /// The number of a type, if it is looked for.
    fn learn(&mut self, labels: TypeLabels<'_>) -> Option<usize> {
        match self.types.learn(self.heard.now, self.heard.source(), labels) {
            Wanted::Known(number) => Some(number),
            Wanted::New(number) => {
                self.outcome.is_news = true;
                Some(number)
            }
            Wanted::Other => None,
            Wanted::NoRoom => {
                self.outcome.lacks_room = true;
                None
            }
        }
    }

    fn list_first(&mut self, record: &Record<'_>, target: Name<'_>, key: &Key, kind: usize) {
        let Heard { now, from, via, .. } = *self.heard;
        let mut piece = [0; MAX_NAME];
        let length = target.write(&mut piece);
        let lease = Lease::new(now, self.heard.ttl_s(record), &mut self.table.draws);
        let name = (&piece[..length], key.as_bytes());
        let mut instance = Instance::new(now, name, kind, self.heard.source(), (from, via), lease);
        instance.round_trip = self.round_trip(kind);
        match self.table.insert(self.types, instance) {
            Ok((_, has_another_given_way)) => {
                self.outcome.is_news = true;
                self.outcome.lacks_room |= has_another_given_way;
            }
            Err(NoRoom) => self.outcome.lacks_room = true,
        }
    }

    /// From the last question for a type to this answer; `None` where it is none to that.
    fn round_trip(&self, kind: usize) -> Option<Duration> {
        let asked = self.types.get(kind)?.last_asked()?;
        let taken = self.heard.taken;
        (asked <= taken && taken - asked <= ANSWERED_WITHIN).then(|| taken - asked)
    }

    fn list_again(&mut self, number: u64, record: &Record<'_>, listed_by: ListedBy) {
        let Heard { now, from, via, is_legacy, .. } = *self.heard;
        let ttl_s = self.heard.ttl_s(record);
        let Some(instance) = self.table.instances.get_mut(&number) else { return };
        if record.ttl == 0 {
            // Who leaves a subtype is not gone.
            if listed_by == ListedBy::Type && instance.listed.say_goodbye(now) {
                self.outcome.is_news = true;
                self.table.plan(number);
            }
            return;
        }
        instance.listed.renew(now, ttl_s, is_legacy, &mut self.table.draws);
        instance.silence.answer();
        (instance.from, instance.via) = (from, via);
        self.table.plan(number);
    }

    /// An instance is at this host and port.
    fn serve(&mut self, record: &Record<'_>, host: Name<'_>, port: u16) {
        let Heard { now, is_legacy, .. } = *self.heard;
        let ttl_s = self.heard.ttl_s(record);
        let Some(number) = self.table.number(&Key::new(self.heard.link(), record.name)) else {
            return;
        };
        let known = self.table.instances.get(&number).and_then(|instance| instance.server);
        let known_host = self.table.hosts.number(&Key::new(self.heard.link(), host));
        let is_known =
            known.is_some_and(|known| known.port == port && Some(known.host) == known_host);
        let mut new = known.filter(|_| is_known);
        match &mut new {
            Some(same) if record.ttl == 0 => self.outcome.is_news |= same.lease.say_goodbye(now),
            Some(same) => same.lease.renew(now, ttl_s, is_legacy, &mut self.table.draws),
            // What it was before has gone; that is known.
            None if record.ttl == 0 => return,
            None => {
                let host = self.table.hosts.join(now, self.heard.source(), host, number);
                self.table.plan_host(host);
                if let Some(before) = known.filter(|before| before.host != host) {
                    self.table.leave(before.host, number);
                }
                let lease = Lease::new(now, ttl_s, &mut self.table.draws);
                new = Some(Server { host, port, lease });
            }
        }
        if let Some(instance) = self.table.instances.get_mut(&number) {
            instance.server = new;
            instance.waits[0] = false;
        }
        if !is_known {
            self.outcome.is_news = true;
            self.table.renew(number);
        }
        self.table.plan(number);
    }

    /// An instance has these attributes.
    fn describe(&mut self, record: &Record<'_>, strings: &[u8]) {
        let Heard { now, is_legacy, .. } = *self.heard;
        let ttl_s = self.heard.ttl_s(record);
        let Some(number) = self.table.number(&Key::new(self.heard.link(), record.name)) else {
            return;
        };
        let Some(instance) = self.table.instances.get_mut(&number) else { return };
        let (strings, is_cut) = whole_strings(strings);
        self.outcome.lacks_room |= is_cut;
        match &mut instance.attributes {
            Some(known) if known.strings == strings && record.ttl == 0 => {
                self.outcome.is_news |= known.lease.say_goodbye(now);
            }
            Some(known) if known.strings == strings => {
                known.lease.renew(now, ttl_s, is_legacy, &mut self.table.draws);
            }
            // What it was before has gone; that is known.
            _ if record.ttl == 0 => return,
            _ => {
                let lease = Lease::new(now, ttl_s, &mut self.table.draws);
                instance.attributes = Some(Attributes { strings: strings.into(), lease });
                self.outcome.is_news = true;
                self.table.renew(number);
            }
        }
        if let Some(instance) = self.table.instances.get_mut(&number) {
            instance.waits[1] = false;
        }
        self.table.plan(number);
    }

    /// A host that an instance is on has this address.
    fn locate(&mut self, record: &Record<'_>, ip: IpAddr) {
        let Heard { now, is_legacy, .. } = *self.heard;
        let ttl_s = self.heard.ttl_s(record);
        let Some(number) = self.table.hosts.number(&Key::new(self.heard.link(), record.name))
        else {
            return;
        };
        let Some(host) = self.table.hosts.get_mut(number) else { return };
        let listed = host.hear(now, ip, ttl_s, is_legacy, &mut self.table.draws);
        host.waits[usize::from(ip.is_ipv6())] = false;
        if record.flushes && !is_legacy && record.ttl > 0 {
            host.flush(now, ip);
        }
        match listed {
            Listed::New => {
                self.outcome.is_news = true;
                self.table.renew_users(number);
            }
            Listed::NoRoom => self.outcome.lacks_room = true,
            Listed::Known => {}
        }
        self.table.plan_host(number);
    }
}

/// The strings that stand whole in a record, as far as there is room for them; and whether there was room for
/// all.
fn whole_strings(record: &[u8]) -> (&[u8], bool) {
    let mut length = 0;
    for count in 0.. {
        let Some(string) = record.get(length).map(|own| 1 + usize::from(*own)) else { break };
        if length + string > record.len() {
            break;
        }
        if length + string > MAX_TXT || count >= MAX_STRINGS {
            return (&record[..length], true);
        }
        length += string;
    }
    (&record[..length], false)
}
