use alloc::vec;

use super::*;
use crate::Via;
use crate::wire::{Tlvs, short_name, whole_name};

mod doubts;
mod epochs;
mod truncating;
mod voices;

const SERVICE: Tlvs<'static> = Tlvs::NONE;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn host(last: u8) -> Path {
    Path::new(([10, 0, 0, last], 50_009).into())
}

/// Host 1 says this, whole, as it does since its first start.
fn says(words: u64) -> Said<'static> {
    Said {
        at: host(1),
        via: Via::Unicast,
        id: 7,
        words,
        print: 0,
        missing: None,
        epoch: Some(Epoch { boot: 1, seq: 1 }),
        lease: Duration::from_secs(120),
        tlvs: SERVICE,
        asked: Instant::ZERO,
    }
}

impl Said<'_> {
    fn from(self, last: u8) -> Self {
        Said { at: host(last), ..self }
    }

    fn since(self, boot: u32, seq: u32) -> Self {
        Said { epoch: Some(Epoch { boot, seq }), ..self }
    }

    /// Cut short.
    fn of(self, length: u16) -> Self {
        Said { missing: Some(length), ..self }
    }
}

/// A responder of which one answer after the other is heard.
struct Heard7 {
    entry: Entry,
    now: u64,
}

fn knows(said: Said<'_>) -> Heard7 {
    Heard7 { entry: Entry::new(at(1_000), said, 0, 1), now: 1_000 }
}

impl Heard7 {
    /// What comes a tenth of a second later in answer to a question that was put just before.
    fn hear(&mut self, said: Said<'_>) -> Heard {
        self.now += 100;
        self.hear_late(said, self.now - 10)
    }

    /// What comes now in answer to a question that was put then.
    fn hear_late(&mut self, said: Said<'_>, asked: u64) -> Heard {
        self.entry.hear(at(self.now), Said { asked: at(asked), ..said })
    }

    fn doubted(&self) -> usize {
        self.entry.voices.iter().filter(|voice| voice.doubted.is_some()).count()
    }

    /// Where it is and what it says there, those last who were heard last.
    fn voices(&self) -> Vec<(Path, u64)> {
        self.entry.voices.iter().map(|voice| (voice.at, voice.words)).collect()
    }

    fn names(&self) -> Vec<u64> {
        self.entry.voices.iter().map(|voice| voice.name).collect()
    }
}

fn whole(last: u8, words: u64) -> u64 {
    whole_name(7, host(last).remote, words)
}

fn short(last: u8, words: u64) -> u64 {
    short_name(7, host(last).remote, words)
}

const NEW_ADDRESS: Heard = Heard::Changed(Change::Address);
const NEW_CONTENT: Heard = Heard::Changed(Change::Content);
const RESTARTED: Heard = Heard::Changed(Change::Restarted);
const CONFLICT: Heard = Heard::Changed(Change::Conflict);
