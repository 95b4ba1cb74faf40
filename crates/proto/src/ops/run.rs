//! A driver that does what operations say.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Answer, Op};
use crate::wire::{self, Datagram};
use crate::{
    Action, Arrival, Destination, Event, Evidence, Instant, Machine, Observation, OwnedEvent,
    Summary,
};

/// Everything that happened in a run, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What happened, and when. What a machine did because of a datagram comes right after that.
    pub log: Vec<(Instant, Did)>,
    /// Whether it has finished.
    pub done: bool,
    /// The time at the end of the run.
    pub now: Instant,
}

/// What a machine did, with everything that it borrowed copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Did {
    /// It was given this.
    Heard(Arrival, Vec<u8>),
    /// Its driver reported this, unasked.
    Observed(Observation),
    /// It sent these bytes.
    Sent(Destination, Vec<u8>),
    /// It told the application something.
    Told(OwnedEvent),
    /// It asked what became of what was sent, and was answered so, or not at all.
    Audited(Option<Evidence>),
    /// It finished.
    Done(Summary),
}

impl Outcome {
    /// What it told the application.
    pub fn events(&self) -> impl Iterator<Item = (Instant, Event<'_>)> {
        self.log.iter().filter_map(|(at, did)| match did {
            Did::Told(event) => Some((*at, event.as_event())),
            _ => None,
        })
    }

    /// What it heard.
    pub fn heard(&self) -> impl Iterator<Item = (Instant, &Arrival, &[u8])> {
        self.log.iter().filter_map(|(at, did)| match did {
            Did::Heard(arrival, bytes) => Some((*at, arrival, bytes.as_slice())),
            _ => None,
        })
    }

    /// What it sent.
    pub fn sent(&self) -> impl Iterator<Item = (Instant, Destination, &[u8])> {
        self.log.iter().filter_map(|(at, did)| match did {
            Did::Sent(to, bytes) => Some((*at, *to, bytes.as_slice())),
            _ => None,
        })
    }

    /// When it finished, where it has, and what it said then.
    pub fn end(&self) -> Option<(Instant, Summary)> {
        self.log.iter().find_map(|(at, did)| match did {
            Did::Done(summary) => Some((*at, *summary)),
            _ => None,
        })
    }
}

/// The calls of `handle_timeout` that one moment may need; a machine that needs more is stuck.
pub const MOST_DUE_AT_ONCE: usize = 100_000;

/// Runs a machine through operations, from [`Instant::ZERO`] on.
///
/// # Panics
///
/// Where the machine breaks a law that holds for all machines: it sends or audits in reaction to a
/// datagram, it is not done with a moment after [`MOST_DUE_AT_ONCE`] calls, or it goes on after
/// [`Action::Done`].
pub fn run(machine: &mut dyn Machine, ops: &[Op]) -> Outcome {
    run_from(Instant::ZERO, machine, ops)
}

/// Like [`run`], from another moment on.
///
/// # Panics
///
/// As [`run`] does.
pub fn run_from(start: Instant, machine: &mut dyn Machine, ops: &[Op]) -> Outcome {
    let mut run = Run {
        machine,
        start,
        evidence: Some(Evidence::CLEAN),
        next_evidence: None,
        lag: None,
        reads_many: false,
        questions: Vec::new(),
        tape: Vec::new(),
        outcome: Outcome { now: start, ..Outcome::default() },
    };
    run.drain();
    for op in ops {
        run.step(op);
    }
    run.drain();
    run.outcome
}

struct Run<'m> {
    machine: &'m mut dyn Machine,
    start: Instant,
    /// The answer to audits, and another one to the next.
    evidence: Option<Evidence>,
    next_evidence: Option<Evidence>,
    lag: Option<Duration>,
    reads_many: bool,
    /// The session and the round of each question that the machine has put.
    questions: Vec<(u64, u16)>,
    /// What was sent and heard so far, and how it came.
    tape: Vec<(Option<Arrival>, Vec<u8>)>,
    outcome: Outcome,
}

impl Run<'_> {
    fn step(&mut self, op: &Op) {
        let now = self.outcome.now;
        match op {
            Op::Datagram(arrival, bytes) => return self.hear(*arrival, bytes.clone()),
            Op::Answer(answer) => return self.hear_answer(answer),
            Op::Again(back, elsewhere) => return self.hear_again(*back, *elsewhere),
            Op::Wait(duration) => {
                let end = now + *duration;
                while let Some(due) = self.machine.deadline().filter(|due| *due <= end) {
                    self.outcome.now = self.outcome.now.max(due);
                    self.drain();
                }
                self.outcome.now = end;
            }
            Op::Poke => {
                let did = self.machine.handle_timeout(now).map(Did::of);
                self.record(did);
            }
            Op::Close => self.machine.close(now),
            Op::Observe(Observation::Audit(evidence)) => self.next_evidence = Some(*evidence),
            Op::Observe(observation) => {
                self.outcome.log.push((now, Did::Observed(*observation)));
                self.machine.handle_observation(now, *observation);
            }
            Op::AnswerAudits(evidence) => self.evidence = *evidence,
            Op::Lag(lag) => self.lag = *lag,
            Op::ReadMany(many) => self.reads_many = *many,
        }
        self.drain();
    }

    fn hear_answer(&mut self, answer: &Answer) {
        let question = self.questions.iter().rev().nth(answer.back).copied();
        if let Some((txn, round)) = question {
            self.hear(answer.arrival, answer.encoded(txn, round));
        }
    }

    fn hear_again(&mut self, back: usize, elsewhere: Option<Arrival>) {
        let Some((arrival, bytes)) = self.tape.iter().rev().nth(back).cloned() else { return };
        if let Some(arrival) = elsewhere.or(arrival) {
            self.hear(arrival, bytes);
        }
    }

    fn hear(&mut self, arrival: Arrival, bytes: Vec<u8>) {
        let now = self.outcome.now;
        let timed = match self.lag {
            Some(lag) => arrival.taken_at(self.start + (now - (self.start + lag))),
            None => arrival,
        };
        self.outcome.log.push((now, Did::Heard(arrival, bytes.clone())));
        let did = self.machine.handle_datagram(now, timed, &bytes).map(Did::of);
        let is_passive = !matches!(did, Some(Did::Sent(..) | Did::Audited(_)));
        assert!(is_passive, "{did:?} in reaction to a datagram");
        self.record(did);
        self.tape.push((Some(arrival), bytes));
        if !self.reads_many {
            self.drain();
        }
    }

    fn drain(&mut self) {
        let now = self.outcome.now;
        for _ in 0..MOST_DUE_AT_ONCE {
            if self.machine.deadline().is_none_or(|due| due > now) {
                return;
            }
            let did = self.machine.handle_timeout(now).map(Did::of);
            self.record(did);
        }
        panic!("more than {MOST_DUE_AT_ONCE} timeouts due at {now:?}");
    }

    fn record(&mut self, did: Option<Did>) {
        let Some(mut did) = did else { return };
        assert!(!self.outcome.done, "{did:?} after it was done");
        match &mut did {
            Did::Audited(answer) => {
                *answer = self.next_evidence.take().filter(|_| self.evidence.is_some());
                *answer = answer.or(self.evidence);
                if let Some(evidence) = *answer {
                    let observation = Observation::Audit(evidence);
                    self.machine.handle_observation(self.outcome.now, observation);
                }
            }
            Did::Sent(_, bytes) => {
                if let Ok(Datagram::Query(query)) = wire::decode(bytes) {
                    self.questions.push((query.txn, query.round));
                }
                self.tape.push((None, bytes.clone()));
            }
            Did::Done(_) => {
                self.outcome.done = true;
                assert_eq!(self.machine.deadline(), None, "a deadline after it was done");
            }
            _ => {}
        }
        self.outcome.log.push((self.outcome.now, did));
    }
}

impl Did {
    fn of(action: Action<'_>) -> Did {
        match action {
            Action::Send { to, message } => {
                let mut bytes = Vec::new();
                message.encode(&mut bytes);
                Did::Sent(to, bytes)
            }
            Action::Emit(event) => Did::Told(event.into()),
            Action::Audit => Did::Audited(None),
            Action::Done(summary) => Did::Done(summary),
        }
    }
}
