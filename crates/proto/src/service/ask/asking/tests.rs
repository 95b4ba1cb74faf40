use alloc::vec::Vec;
use core::ops::Range;

use super::*;
use crate::Path;
use crate::secret::Secret;
use crate::service::GROUP_GAP;
use crate::service::table::entry::Heard;
use crate::service::table::said::Said;
use crate::wire::{self, Datagram, Epoch, Slice, Tlvs, short_name, whole_name};

mod grouping;
mod pacing;
mod padding;
mod pauses;
mod rounds;
mod scouting;
mod silencing;
mod sweeping;

const TXN: u64 = 0x7e57;
const LIMITS: Limits = Limits { answers: 100_000, queries: 2_000, buffer: 256, sealed: false };

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A question that was put.
struct Asked {
    at: Instant,
    kind: Kind,
    bytes: Vec<u8>,
}

impl Asked {
    fn query(&self) -> Query<'_> {
        match wire::decode(&self.bytes) {
            Ok(Datagram::Query(query)) => query,
            other => panic!("{other:?}"),
        }
    }
}

/// An asker with whom it knows, and the driver that carries out its plan.
struct Asker {
    asking: Asking,
    known: Known,
    selection: Selection,
    now: Instant,
    /// What the driver says of each sweep.
    evidence: Option<Evidence>,
}

fn asker_with(limits: Limits, goal: Goal) -> Asker {
    let secret = Secret::new(1);
    let mut asking = Asking::new(TXN, secret.salts("salts"), secret.rng("pauses"), limits);
    assert!(asking.is_at_rest() && asking.deadline().is_none());
    asking.start(at(1_000), goal);
    Asker {
        asking,
        known: Known::new(TXN, 1_000_000, Secret::new(1)),
        selection: Selection::all(),
        now: at(1_000),
        evidence: Some(Evidence::CLEAN),
    }
}

fn asker(goal: Goal) -> Asker {
    asker_with(LIMITS, goal)
}

/// With so many expected, so that there is no scout.
fn expecting(expected: u64) -> Goal {
    Goal::everybody(16, Some(expected))
}

fn path(number: u16) -> Path {
    let [a, b] = number.to_be_bytes();
    Path::new(([10, 0, a, b], 50_009).into())
}

impl Asker {
    /// The next question; `None` at the end of the run.
    fn ask(&mut self) -> Option<Asked> {
        self.ask_but(|_| false)
    }

    /// The same, with these voices asked anew.
    fn ask_but(&mut self, is_asked: impl Fn(&Voice) -> bool) -> Option<Asked> {
        for _ in 0..1_000_000 {
            self.now = self.asking.deadline()?.max(self.now);
            let Asker { asking, known, selection, now, .. } = self;
            match asking.poll(*now, known, selection, |voice| !is_asked(voice)) {
                Some(Step::Ask(query)) => {
                    let mut bytes = Vec::new();
                    Datagram::Query(query).encode(None, &mut bytes);
                    return Some(Asked { at: *now, kind: asking.sweep.kind, bytes });
                }
                Some(Step::Audit) => {
                    self.evidence.into_iter().for_each(|evidence| asking.audited(evidence));
                }
                None => {}
            }
        }
        panic!("it does nothing, again and again")
    }

    /// Runs on to the first question of this kind.
    fn ask_until(&mut self, kind: Kind) -> Asked {
        loop {
            let asked = self.ask().expect("it goes on");
            if asked.kind == kind {
                return asked;
            }
        }
    }

    /// The kinds of the questions from here to the end, where nobody answers.
    fn kinds(&mut self) -> Vec<Kind> {
        core::iter::from_fn(|| self.ask().map(|asked| asked.kind)).collect()
    }

    /// A responder answers to this round now.
    fn hear(&mut self, id: u64, round: u16, missing: Option<u16>, via: Via) -> Option<Duration> {
        let said = Said {
            at: path(id as u16),
            via,
            id,
            words: 10,
            print: 0,
            missing,
            epoch: Some(Epoch { boot: 1, seq: 1 }),
            lease: ms(120_000),
            tlvs: Tlvs::NONE,
            asked: self.now,
        };
        let news = match self.known.hear(self.now, said) {
            Heard::New | Heard::NewInPart => News::Voice,
            Heard::Whole | Heard::Changed(_) => News::Changed,
            Heard::Nothing | Heard::NoRoom => News::Nothing,
        };
        self.asking.heard(self.now, id, round, news, via)
    }

    fn hear_all(&mut self, ids: Range<u64>) {
        let round = self.asking.round;
        for id in ids {
            self.hear(id, round, None, Via::Unicast);
        }
    }
}
