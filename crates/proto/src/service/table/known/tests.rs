use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;

use super::*;
use crate::wire::{Epoch, Tlv, TlvBuf, Tlvs, short_name, whole_name};
use crate::{Change, Via};

mod capacity;
mod indexing;
mod truncating;

const TXN: u64 = 0x7e57;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn host(number: u16) -> Path {
    let [a, b] = number.to_be_bytes();
    Path::new(([10, 0, a, b], 50_009).into())
}

/// This responder of this host says what all say, whole.
fn said(id: u64, number: u16) -> Said<'static> {
    Said {
        at: host(number),
        via: Via::Unicast,
        id,
        words: 10,
        print: 0,
        missing: None,
        epoch: Some(Epoch { boot: 1, seq: 1 }),
        lease: Duration::from_secs(120),
        tlvs: Tlvs::NONE,
        asked: Instant::ZERO,
    }
}

fn short(id: u64, number: u16, length: u16) -> Said<'static> {
    Said { missing: Some(length), ..said(id, number) }
}

fn hear_all(known: &mut Known, ids: Range<u64>, number: u16) {
    ids.for_each(|id| assert_eq!(known.hears(said(id, number)), Heard::New));
}

fn known(capacity: usize) -> Known {
    Known::new(TXN, capacity, Secret::new(1))
}

impl Known {
    fn hears(&mut self, said: Said<'_>) -> Heard {
        self.hear(at(1_000), Said { asked: at(1_000), ..said })
    }

    fn ids(&self) -> BTreeSet<u64> {
        self.entries.values().map(|entry| entry.id).collect()
    }

    /// The voices of an id.
    fn voices_of(&self, id: u64) -> Vec<u64> {
        self.get(id).map(|entry| entry.voices.iter().map(|voice| voice.name).collect()).unwrap()
    }

    /// That all books agree.
    fn audit(&self) {
        let voices = || self.entries.values().flat_map(|entry| &entry.voices);
        assert_eq!(self.voices(), voices().count());
        assert!(self.voices() <= self.capacity);
        let mut sources = Sources::default();
        for (place, entry) in &self.entries {
            assert_eq!(self.lots.get(entry.lot), Some(place));
            assert_eq!(self.unreported.contains(place), !entry.is_reported());
            assert!(!entry.voices.is_empty() && entry.voices.len() <= MOST_VOICES);
            entry.voices.iter().for_each(|voice| sources.add(voice.at.remote.ip(), *place));
        }
        assert_eq!(self.lots.len(), self.entries.len());
        assert!(self.unreported.iter().all(|place| self.entries.contains_key(place)));
        for place in [0, u64::MAX / 3, u64::MAX] {
            assert_eq!(self.sources.greediest(place, 0), sources.greediest(place, 0));
        }
        let missing: Vec<u16> = voices().filter_map(|v| Some(v.missing?.length)).collect();
        let longest = missing.iter().max().map(|longest| (missing.len() as u64, *longest));
        assert_eq!(self.missing(), longest);
    }
}

#[test]
fn who_is_gone_is_forgotten_voice_by_voice() {
    let mut known = known(100);
    known.hears(said(7, 1));
    known.hears(short(7, 2, 300));
    known.hears(said(8, 1));
    let (place, gone) = (known.place(7), |number| move |voice: &Voice| voice.at == host(number));
    assert!(known.forget(place, gone(9)).is_none() && known.voices() == 3);
    assert!(known.forget(place, gone(2)).is_none());
    assert_eq!((known.voices(), known.missing()), (2, None));
    known.audit();
    let (entry, at) = known.forget(place, gone(1)).unwrap();
    assert_eq!((entry.id, at, known.voices()), (7, host(1), 1));
    assert!(known.forget(place, gone(1)).is_none());
    known.audit();
    // Where it was heard last.
    [1, 2, 3, 2]
        .into_iter()
        .for_each(|number| assert_ne!(known.hears(said(7, number)), Heard::NoRoom));
    assert_eq!(known.forget(place, |_| true).map(|(_, at)| at), Some(host(2)));
}

#[test]
fn whatever_is_heard_the_books_agree() {
    let mut rng = Rng::new(5);
    for capacity in [1, 2, 7, 90] {
        let mut known = known(capacity);
        for step in 0..1_000u64 {
            let said = Said {
                words: rng.up_to(2),
                missing: Some(100 + rng.up_to(3) as u16 * 50).filter(|_| rng.up_to(1) == 0),
                epoch: Some(Epoch { boot: 1, seq: rng.up_to(3) as u32 }),
                ..said(rng.up_to(200), [1, 1, 1, 2, 3, 4][rng.up_to(5) as usize])
            };
            let asked = at(step.saturating_sub(rng.up_to(3)));
            let place = known.place(said.id);
            let was_known = known.at(place).is_some();
            let heard = known.hear(at(step), Said { asked, ..said });
            let is_entry = matches!(heard, Heard::New | Heard::NewInPart | Heard::NoRoom);
            assert_eq!(is_entry, !was_known, "{heard:?}");
            if rng.up_to(20) == 0 {
                let is_gone = |voice: &Voice| voice.words == 1;
                assert!(known.forget(place, is_gone).is_none_or(|(entry, _)| entry.id == said.id));
            }
            if rng.up_to(50) == 0 {
                known.report_in_part();
            }
            if step % 5 == 0 {
                known.audit();
            }
        }
    }
}
