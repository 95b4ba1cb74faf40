//! Who is there, as far as was heard, and what is still to be told of it.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use mcast_proto::{Change, Instant, Loss, Path, Via};

use super::draws::Draws;
use super::fair::{Fair, Key, Source};
use super::saying::Saying;
use super::sighting::{Hold, Sighting, Words};

/// Finds and changes that wait to be told. A driver takes them away between two datagrams.
const MOST_NEWS: usize = 1024;
/// The longest that is kept of what a find is asked by; one with more is asked with nothing.
const MOST_RECALL: usize = 256;
/// One that is asked alone has so long to answer: the standard of SSDP says a second.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);
/// So many questions to it alone are left unanswered before a find is lost.
const PATIENCE: u8 = 2;
/// From one such question to the next, in all; and to one source.
const BETWEEN: Duration = Duration::from_millis(20);
const BETWEEN_OF_ONE: Duration = Duration::from_millis(200);

/// What is to be told.
#[derive(Debug, Clone)]
pub(super) struct News {
    pub(super) from: Path,
    pub(super) what: What,
}

impl News {
    /// Whether something was left out of it.
    pub(super) fn is_cut(&self) -> bool {
        match &self.what {
            What::Found(report) | What::Changed(report, _) => report.said.is_cut(),
            What::Lost(..) => false,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) enum What {
    Found(Report),
    Changed(Report, Change),
    /// The key by which it was found.
    Lost(Box<[u8]>, Loss),
}

/// What was heard of one.
#[derive(Debug, Clone)]
pub(super) struct Report {
    pub(super) said: Saying,
    pub(super) via: Via,
    pub(super) round_trip: Option<Duration>,
    pub(super) lease: Option<Duration>,
}

/// What a sighting comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It is to be told.
    News,
    /// It was known.
    Nothing,
    /// There is no room for it, or not for the news of it.
    NoRoom,
}

#[derive(Debug, Clone)]
struct Find {
    /// What it is known by wherever it is told.
    name: Box<[u8]>,
    path: Path,
    words: Words,
    heard: Instant,
    hold: Hold,
    /// The round of questions in which it was last heard.
    round: u64,
    /// Questions to it alone since it was last heard, and when the last was put.
    asked: u8,
    asked_at: Instant,
    /// Where it stands in the order of checks: then, or where it was heard since, earlier than needed.
    check: Option<Instant>,
    recall: Box<[u8]>,
}

/// One that is to be asked whether it is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recall {
    pub(super) path: Path,
    pub(super) by: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Session {
    finds: Fair<Find>,
    found: u64,
    /// Whether losses are told, and so leases looked after.
    is_watching: bool,
    checks: BTreeSet<(Instant, Key)>,
    /// When the last question to one alone was put; and those sources that were asked a moment ago.
    recalled: Option<Instant>,
    resting: BTreeMap<Source, Instant>,
    news: VecDeque<News>,
    /// Rounds of questions so far.
    round: u64,
}

impl Session {
    pub(super) fn new(capacity: usize, is_watching: bool, draws: Draws) -> Session {
        Session {
            finds: Fair::new(capacity, draws),
            found: 0,
            is_watching,
            checks: BTreeSet::new(),
            recalled: None,
            resting: BTreeMap::new(),
            news: VecDeque::new(),
            round: 0,
        }
    }

    pub(super) fn found(&self) -> u64 {
        self.found
    }

    pub(super) fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    pub(super) fn next_news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// Somebody says that something is there. Whether somebody else gave way for it is told with it.
    pub(super) fn hear(
        &mut self,
        now: Instant,
        from: Path,
        via: Via,
        sighting: &Sighting<'_>,
    ) -> (Heard, bool) {
        let key = Key { source: Source::of(from.remote), identity: sighting.identity() };
        let has_place = self.news.len() < MOST_NEWS;
        let report = |name: &[u8]| Report {
            said: Saying::of(name, sighting.say),
            via,
            round_trip: sighting.round_trip,
            lease: sighting.lease,
        };
        let hold = sighting.hold.within_bounds();
        if let Some(find) = self.finds.get_mut(&key) {
            find.heard = now;
            find.round = self.round;
            find.asked = 0;
            find.path = from;
            let is_held_otherwise = core::mem::replace(&mut find.hold, hold) != hold;
            let mut words = find.words;
            let change = words.learn(sighting.words);
            if change.is_none() || has_place {
                find.words = words;
            }
            if let Some(change) = change.filter(|_| has_place) {
                if *find.recall != *sighting.recall {
                    find.recall = kept(sighting.recall);
                }
                let what = What::Changed(report(&find.name), change);
                self.news.push_back(News { from, what });
            }
            if is_held_otherwise {
                self.look_after(&key);
            }
            let heard = match change {
                None => Heard::Nothing,
                Some(_) if has_place => Heard::News,
                Some(_) => Heard::NoRoom,
            };
            return (heard, false);
        }
        if !has_place {
            return (Heard::NoRoom, false);
        }
        let name = key.source.name(sighting.id);
        let what = What::Found(report(&name));
        let find = Find {
            name: name.into(),
            path: from,
            words: sighting.words,
            heard: now,
            hold,
            round: self.round,
            asked: 0,
            asked_at: Instant::ZERO,
            check: None,
            recall: kept(sighting.recall),
        };
        let Ok(gave_way) = self.finds.insert(key, find) else { return (Heard::NoRoom, false) };
        let has_pushed_out = gave_way.is_some();
        if let Some((other, find)) = gave_way {
            self.forget(&other, find, Loss::NoRoom);
        }
        self.found += 1;
        self.look_after(&key);
        self.news.push_back(News { from, what });
        (Heard::News, has_pushed_out)
    }

    /// Whether something is not known, or says something else by these words.
    pub(super) fn is_news(&mut self, key: &Key, words: Words) -> bool {
        self.finds.get_mut(key).is_none_or(|find| {
            let mut known = find.words;
            known.learn(words).is_some()
        })
    }

    /// Whether something is known, but for this of its words.
    pub(super) fn lacks(&mut self, key: &Key, nth: usize) -> bool {
        self.finds.get_mut(key).is_some_and(|find| !find.words.knows(nth))
    }

    /// Whether something is known, and this of its words too.
    pub(super) fn knows(&mut self, key: &Key, nth: usize) -> bool {
        self.finds.get_mut(key).is_some_and(|find| find.words.knows(nth))
    }

    /// Somebody says that something of its own is there no more. Whether it was known.
    pub(super) fn part(&mut self, key: &Key) -> bool {
        let Some(find) = self.finds.remove(key) else { return false };
        self.forget(key, find, Loss::Goodbye);
        true
    }

    /// A round of questions begins: who has left so many of them unanswered is lost.
    pub(super) fn begin_round(&mut self, patience: u64) {
        let is_silent =
            |find: &Find| find.hold == Hold::Rounds && self.round - find.round >= patience;
        let silent = self.finds.iter().filter(|(_, find)| is_silent(find)).map(|(key, _)| *key);
        let silent: Vec<Key> = silent.collect();
        for key in silent {
            self.lose(&key);
        }
        self.round += 1;
    }

    /// When a find is to be asked for, or to be lost.
    pub(super) fn due(&self) -> Option<Instant> {
        let rested = self.recalled.map_or(Instant::AT_ONCE, |last| last + BETWEEN);
        self.checks.first().map(|(check, _)| rested.max(*check))
    }

    /// Looks after those whose lease comes to its end: who is to be asked, where somebody is. Those who
    /// were asked and did not answer are lost.
    pub(super) fn check(&mut self, now: Instant) -> Option<Recall> {
        while self.due().is_some_and(|due| due <= now) {
            let (_, key) = self.checks.pop_first()?;
            let Some(find) = self.finds.get_mut(&key) else { continue };
            find.check = None;
            let Some(check) = find.next_check() else { continue };
            if check > now {
                self.check_at(&key, check);
            } else if find.asked >= PATIENCE {
                self.lose(&key);
            } else if let Some(rested) = self.resting.get(&key.source).filter(|at| **at > now) {
                let rested = *rested;
                self.check_at(&key, rested);
            } else {
                find.asked += 1;
                find.asked_at = now;
                let recall = Recall { path: find.path, by: find.recall.to_vec() };
                let check = find.next_check().unwrap_or(Instant::FAR_FUTURE);
                self.check_at(&key, check);
                self.recalled = Some(now);
                self.resting.retain(|_, rested| *rested > now);
                self.resting.insert(key.source, now + BETWEEN_OF_ONE);
                return Some(recall);
            }
        }
        None
    }

    /// Puts a find where it is to be checked by its lease, if that is earlier than it stands.
    fn look_after(&mut self, key: &Key) {
        if !self.is_watching {
            return;
        }
        let Some(find) = self.finds.get_mut(key) else { return };
        if let Some(check) =
            find.next_check().filter(|check| find.check.is_none_or(|at| *check < at))
        {
            self.check_at(key, check);
        }
    }

    fn check_at(&mut self, key: &Key, at: Instant) {
        let Some(find) = self.finds.get_mut(key) else { return };
        if let Some(before) = find.check.replace(at) {
            self.checks.remove(&(before, *key));
        }
        self.checks.insert((at, *key));
    }

    fn lose(&mut self, key: &Key) {
        if let Some(find) = self.finds.remove(key) {
            let reason = match find.hold {
                Hold::Lease(_) => Loss::Expired,
                Hold::Rounds => Loss::Unanswered,
            };
            self.forget(key, find, reason);
        }
    }

    /// It was taken out of the finds. Losses have always place: each is of a find that was told.
    fn forget(&mut self, key: &Key, find: Find, reason: Loss) {
        if let Some(check) = find.check {
            self.checks.remove(&(check, *key));
        }
        if self.is_watching || reason == Loss::Goodbye {
            self.news.push_back(News { from: find.path, what: What::Lost(find.name, reason) });
        }
    }
}

impl Find {
    /// When to look after it next; `None` where it has no lease.
    fn next_check(&self) -> Option<Instant> {
        let Hold::Lease(lease) = self.hold else { return None };
        let answered = self.asked_at + ANSWERED_WITHIN;
        Some(match self.asked {
            0 => self.heard + lease * 4 / 5,
            1 => answered.max(self.heard + lease * 9 / 10),
            _ => answered.max(self.heard + lease),
        })
    }
}

fn kept(recall: &[u8]) -> Box<[u8]> {
    if recall.len() > MOST_RECALL { Box::default() } else { recall.into() }
}

#[cfg(test)]
mod tests;
