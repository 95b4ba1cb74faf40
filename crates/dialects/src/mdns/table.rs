//! All instances that are known, and what is due of them.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use mcast_proto::{Instant, Loss, Path, Via};

use super::hosts::{ADDRESS_KINDS, Hosts};
use super::identity::Key;
use super::instance::{INSTANCE_KINDS, Instance};
use super::retries::Pace;
use super::schedule::Schedule;
use super::shares::{NoRoom, Shares};
use super::turns::Turns;
use super::types::Types;
use crate::scan::Draws;

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Instance(u64),
    Host(u64),
}

/// What is asked of one instance or of one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// One of [`INSTANCE_KINDS`].
    Instance(u64, usize),
    /// One of [`ADDRESS_KINDS`].
    Host(u64, usize),
}

/// One who was told of and is so no longer.
#[derive(Debug, Clone)]
pub(super) struct Gone {
    /// What it was told by.
    pub(super) key: Vec<u8>,
    /// Where it was heard last.
    pub(super) from: Path,
    /// Why.
    pub(super) reason: Loss,
}

/// The instances that are known, each with what is due of it.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// For how long is asked, and so whether leases count.
    pub(super) pace: Pace,
    capacity: usize,
    last: u64,
    pub(super) instances: BTreeMap<u64, Instance>,
    numbers: BTreeMap<Box<[u8]>, u64>,
    pub(super) hosts: Hosts,
    shares: Shares,
    schedule: Schedule<Item>,
    questions: Turns<Detail>,
    /// Of a run, the types of which an instance did not answer what was asked of it.
    unanswered: BTreeSet<usize>,
    /// Those of whom something is to be told.
    pub(super) news: VecDeque<u64>,
    /// Those that are to be told of as gone: no more than there is room for, because those were told of, and
    /// nobody else is before all of these are.
    gone: VecDeque<Gone>,
    pub(super) draws: Draws,
}

impl Table {
    /// Room for so many instances.
    pub(super) fn new(capacity: usize, pace: Pace, draws: Draws) -> Table {
        Table {
            pace,
            capacity,
            last: 0,
            instances: BTreeMap::new(),
            numbers: BTreeMap::new(),
            hosts: Hosts::default(),
            shares: Shares::default(),
            schedule: Schedule::new(),
            questions: Turns::new(),
            unanswered: BTreeSet::new(),
            news: VecDeque::new(),
            gone: VecDeque::new(),
            draws,
        }
    }

    /// The number of the instance of this name on this link.
    pub(super) fn number(&self, key: &Key) -> Option<u64> {
        self.numbers.get(key.as_bytes()).copied()
    }

    /// Takes in an instance that is not known; says its number, and whether another gave way.
    pub(super) fn insert(
        &mut self,
        types: &mut Types,
        instance: Instance,
    ) -> Result<(u64, bool), NoRoom> {
        let is_full = self.instances.len() >= self.capacity;
        if is_full {
            let other = self.shares.make_way(instance.source, &mut self.draws)?;
            self.remove(types, other, Loss::NoRoom);
        }
        self.last += 1;
        let number = self.last;
        self.numbers.insert(instance.key.clone(), number);
        self.shares.add(instance.source, number);
        if let Some(of_type) = types.instances_mut(instance.kind) {
            of_type.insert(number);
        }
        self.instances.insert(number, instance);
        self.plan(number);
        Ok((number, is_full))
    }

    /// Forgets an instance. A watcher tells of that, if it has told of the instance.
    pub(super) fn remove(&mut self, types: &mut Types, number: u64, reason: Loss) {
        let Some(mut instance) = self.instances.remove(&number) else { return };
        self.numbers.remove(&instance.key);
        self.shares.remove(instance.source, number);
        self.schedule.cancel(&mut instance.turn, Item::Instance(number));
        if let Some(of_type) = types.instances_mut(instance.kind) {
            of_type.remove(&number);
        }
        if let Some(server) = instance.server {
            self.leave(server.host, number);
        }
        if instance.told.is_some() && self.pace == Pace::Watch {
            self.gone.push_back(Gone { key: instance.told_key(), from: instance.from, reason });
        }
    }

    /// An instance is on a host no longer.
    pub(super) fn leave(&mut self, host: u64, number: u64) {
        if let Some(mut gone) = self.hosts.leave(host, number) {
            self.schedule.cancel(&mut gone.turn, Item::Host(host));
        }
    }

    /// An instance's turn may be sooner than it was.
    pub(super) fn plan(&mut self, number: u64) {
        if let Some(instance) = self.instances.get_mut(&number) {
            let due = instance.due(self.pace);
            self.schedule.bring_forward(&mut instance.turn, due, Item::Instance(number));
        }
    }

    /// A host's turn may be sooner than it was.
    pub(super) fn plan_host(&mut self, number: u64) {
        if let Some(host) = self.hosts.get_mut(number) {
            let due = host.due(self.pace);
            self.schedule.bring_forward(&mut host.turn, due, Item::Host(number));
        }
    }

    /// There is something new to tell of an instance: as soon as all of it is known, or it was told of before.
    pub(super) fn renew(&mut self, number: u64) {
        let Some(instance) = self.instances.get_mut(&number) else { return };
        let host = instance.server.and_then(|server| self.hosts.get(server.host));
        let is_whole = !instance.missing().contains(&true)
            && host.is_some_and(|host| host.addresses().next().is_some());
        if (is_whole || instance.told.is_some()) && !instance.is_news {
            instance.is_news = true;
            self.news.push_back(number);
        }
    }

    /// Those that were not told of are to be told of as far as they are known.
    pub(super) fn renew_untold(&mut self) {
        for (number, instance) in &mut self.instances {
            if instance.told.is_none() && !instance.is_news {
                instance.is_news = true;
                self.news.push_back(*number);
            }
        }
    }

    /// How an instance was heard.
    pub(super) fn via(&self, number: u64) -> Option<Via> {
        self.instances.get(&number).map(|instance| instance.via)
    }

    /// Something has changed of a host.
    pub(super) fn renew_users(&mut self, host: u64) {
        let Some(host) = self.hosts.get(host) else { return };
        // Those that are on it are as many as there is room for.
        let users: Vec<u64> = host.users().collect();
        users.into_iter().for_each(|user| self.renew(user));
    }

    /// Whether something is to be told.
    pub(super) fn has_news(&self) -> bool {
        !(self.news.is_empty() && self.gone.is_empty())
    }

    /// The next one who is gone.
    pub(super) fn next_gone(&mut self) -> Option<Gone> {
        self.gone.pop_front()
    }

    /// When the next turn is.
    pub(super) fn next(&self) -> Option<Instant> {
        self.schedule.next()
    }

    /// Does what is due, but for questions: those wait until they are taken.
    pub(super) fn take_turns(&mut self, now: Instant, types: &mut Types) {
        while let Some(item) = self.schedule.take(now) {
            match item {
                Item::Instance(number) => self.take_instance(now, types, number),
                Item::Host(number) => self.take_host(now, number),
            }
        }
    }

    fn take_instance(&mut self, now: Instant, types: &mut Types, number: u64) {
        let Some(instance) = self.instances.get_mut(&number) else { return };
        instance.turn = None;
        let turn = instance.take(now, self.pace, &mut self.draws);
        for nth in [0, 1] {
            if turn.asks[nth] && !instance.waits[nth] {
                instance.waits[nth] =
                    self.questions.push(instance.source, Detail::Instance(number, nth));
            }
        }
        if turn.is_unanswered && self.pace != Pace::Watch {
            self.unanswered.insert(instance.kind);
        }
        if turn.asks_type {
            types.ask_soon(now, instance.kind);
        }
        if turn.is_overdue && !instance.is_news {
            instance.is_news = true;
            self.news.push_back(number);
        }
        if turn.is_changed {
            self.renew(number);
        }
        match turn.is_gone {
            Some(true) => self.remove(types, number, Loss::Goodbye),
            Some(false) => self.remove(types, number, Loss::Expired),
            None => self.plan(number),
        }
    }

    fn take_host(&mut self, now: Instant, number: u64) {
        let Some(host) = self.hosts.get_mut(number) else { return };
        host.turn = None;
        let turn = host.take(now, self.pace, &mut self.draws);
        for nth in [0, 1] {
            if turn.asks[nth] && !host.waits[nth] {
                host.waits[nth] = self.questions.push(host.source, Detail::Host(number, nth));
            }
        }
        if turn.is_changed {
            self.renew_users(number);
        }
        self.plan_host(number);
    }

    /// The next type of which an instance did not answer.
    pub(super) fn next_unanswered(&mut self) -> Option<usize> {
        self.unanswered.pop_first()
    }

    /// Whether questions wait.
    pub(super) fn has_questions(&self) -> bool {
        !self.questions.is_empty()
    }

    /// The next question: a name in one piece, and a type of records. Those are passed over of which the answer
    /// has come, or which have gone.
    pub(super) fn next_question(&mut self) -> Option<(&[u8], u16)> {
        loop {
            match self.questions.pop()? {
                Detail::Instance(number, nth) => {
                    let Some(instance) = self.instances.get_mut(&number) else { continue };
                    if core::mem::take(&mut instance.waits[nth]) {
                        let name = self.instances.get(&number).map(|instance| &instance.name[..]);
                        return name.map(|name| (name, INSTANCE_KINDS[nth]));
                    }
                }
                Detail::Host(number, nth) => {
                    let Some(host) = self.hosts.get_mut(number) else { continue };
                    if core::mem::take(&mut host.waits[nth]) {
                        let name = self.hosts.get(number).map(|host| &host.name[..]);
                        return name.map(|name| (name, ADDRESS_KINDS[nth]));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
impl Table {
    /// Everything that is kept twice agrees, and nothing is beyond its cap.
    pub(super) fn check(&self, capacity: usize) {
        assert!(self.instances.len() <= capacity && self.gone.len() <= capacity);
        assert_eq!(self.instances.len(), self.numbers.len());
        assert_eq!(self.instances.len(), self.shares.len());
        for (key, number) in &self.numbers {
            assert_eq!(self.instances.get(number).map(|instance| &instance.key), Some(key));
        }
        let on =
            self.instances.iter().filter_map(|(number, one)| Some((one.server?.host, *number)));
        assert_eq!(on.collect::<alloc::collections::BTreeSet<_>>(), self.hosts.users());
        let turns = self.instances.values().filter_map(|instance| instance.turn).count();
        assert_eq!(turns + self.hosts.turns(), self.schedule.len());
        let news = self.instances.values().filter(|instance| instance.is_news).count();
        assert!(news <= self.news.len());
    }
}
