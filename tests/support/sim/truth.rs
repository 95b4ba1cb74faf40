//! Whether what an asker told is true: who was there, what was told, what was counted.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use mcast_proto::service::{Instance, Offer};
use mcast_proto::wire::{Tlv, TlvBuf};
use mcast_proto::{Change, Event, Key, Path, Summary};

use super::Sim;
use super::host::NodeId;
use super::packet::without_zone;
use super::record::{Record, What};

/// Who was there, as the test that put them there knows.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    there: BTreeMap<u64, Resident>,
    passing: BTreeSet<u64>,
}

#[derive(Debug, Clone)]
struct Resident {
    offer: Offer,
    addresses: BTreeSet<SocketAddr>,
}

impl Resident {
    /// Whether it says all of this, from there.
    fn says(&self, from: SocketAddr, content: &Content) -> bool {
        let is_own = self.addresses.is_empty() || self.addresses.contains(&from);
        is_own && content.says_all_of(&self.offer)
    }
}

impl Truth {
    /// Nobody.
    pub fn new() -> Truth {
        Truth::default()
    }

    /// Somebody who is there and can be reached all the time, and says this of itself. Who is complete
    /// has told all of it, from each of these addresses; none: from wherever.
    pub fn add(&mut self, id: u64, offer: &Offer, addresses: impl IntoIterator<Item = SocketAddr>) {
        let addresses = addresses.into_iter().collect();
        self.there.insert(id, Resident { offer: offer.clone(), addresses });
    }

    /// Somebody who may be told of but need not be: it came or went meanwhile, or can't be reached.
    pub fn add_passing(&mut self, id: u64) {
        self.there.remove(&id);
        self.passing.insert(id);
    }

    /// Everybody who is there all the time.
    pub fn ids(&self) -> BTreeSet<u64> {
        self.there.keys().copied().collect()
    }

    /// Judges what an asker has told so far.
    pub fn judge(&self, sim: &Sim, asker: NodeId) -> Verdict {
        let told = Told::of(sim.records_of(asker), self);
        let told_whole = |id: &u64, resident: &Resident| {
            told.contents.get(id).is_some_and(|content| content.says_all_of(&resident.offer))
        };
        let unheard = |id: &u64, resident: &Resident| {
            let from = told.addresses.get(id).cloned().unwrap_or_default();
            resident.addresses.difference(&from).copied().collect::<Vec<_>>()
        };
        Verdict {
            told: told.found,
            summary: told.summary,
            missing: self.ids().into_iter().filter(|id| !told.contents.contains_key(id)).collect(),
            partial: (self.there.iter())
                .filter(|(id, who)| told.contents.contains_key(id) && !told_whole(id, who))
                .map(|(id, _)| *id)
                .collect(),
            unheard: (self.there.iter())
                .filter(|(id, _)| told.contents.contains_key(id))
                .flat_map(|(id, who)| unheard(id, who).into_iter().map(|from| (*id, from)))
                .collect(),
            never_whole: self.ids().difference(&told.whole).copied().collect(),
            invented: (told.contents.keys())
                .filter(|id| !self.there.contains_key(id) && !self.passing.contains(id))
                .copied()
                .collect(),
        }
    }
}

/// What an asker told, beside the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How often it told that it found somebody.
    pub told: u64,
    /// What it said at its end; `None`: it goes on.
    pub summary: Option<Summary>,
    /// Who is there and is not told.
    pub missing: Vec<u64>,
    /// Who is told, but not with all that it says.
    pub partial: Vec<u64>,
    /// Who was never told with all that it says, from an address of its own, whatever else is told of it
    /// now.
    pub never_whole: Vec<u64>,
    /// From where somebody who is told can be heard too, but is not told.
    pub unheard: Vec<(u64, SocketAddr)>,
    /// Who is told and was never there.
    pub invented: Vec<u64>,
}

impl Verdict {
    /// Whether everybody is told with everything.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.partial.is_empty() && self.unheard.is_empty()
    }

    /// Whether it said that it was complete.
    pub fn is_complete(&self) -> bool {
        self.summary.is_some_and(|summary| summary.complete == Some(true))
    }

    /// In what it said more than it knew: it told others than it counted, or said that it was complete
    /// and was not.
    pub fn lie(&self) -> Option<&'static str> {
        if self.summary.is_some_and(|summary| summary.found != self.told) {
            Some("what was told is not what was counted")
        } else if self.is_complete() && !self.is_whole() {
            Some("it said that it was complete and was not")
        } else {
            None
        }
    }

    /// Panics if it said more than it knew.
    pub fn assert_honest(&self) -> &Verdict {
        if let Some(lie) = self.lie() {
            panic!("{lie}: {self:#x?}");
        }
        self
    }
}

/// What an asker holds for true by the events that it told.
#[derive(Default)]
struct Told {
    found: u64,
    contents: BTreeMap<u64, Content>,
    addresses: BTreeMap<u64, BTreeSet<SocketAddr>>,
    /// Who has been told whole at some time.
    whole: BTreeSet<u64>,
    summary: Option<Summary>,
}

impl Told {
    fn of<'r>(records: impl Iterator<Item = &'r Record>, truth: &Truth) -> Told {
        let mut told = Told::default();
        for record in records {
            match record.event.as_ref().map(|event| event.as_event()) {
                Some(Event::Found(finding)) => {
                    if let Some(instance) = finding.instance() {
                        told.found += 1;
                        told.hear(finding.from, &instance, true, truth);
                    }
                }
                Some(Event::Changed { finding, change }) => {
                    if let Some(instance) = finding.instance() {
                        told.hear(finding.from, &instance, change != Change::Address, truth);
                    }
                }
                Some(Event::Lost { key: Key::Service(id), .. }) => {
                    told.contents.remove(&id);
                    told.addresses.remove(&id);
                }
                _ => {}
            }
            if let What::Done(summary) = record.what {
                told.summary = Some(summary);
            }
        }
        told
    }

    fn hear(&mut self, from: Path, instance: &Instance<'_>, says_content: bool, truth: &Truth) {
        let from = without_zone(from.remote);
        let content = Content::of(instance);
        if truth.there.get(&instance.id).is_some_and(|who| who.says(from, &content)) {
            self.whole.insert(instance.id);
        }
        self.addresses.entry(instance.id).or_default().insert(from);
        if says_content {
            self.contents.insert(instance.id, content);
        }
    }
}

/// What somebody said of itself.
struct Content {
    tlvs: TlvBuf,
    is_cut_off: bool,
}

impl Content {
    fn of(instance: &Instance<'_>) -> Content {
        let mut tlvs = TlvBuf::new();
        for tlv in instance.tlvs {
            tlvs.push(tlv).expect("it was valid in one datagram");
        }
        Content { tlvs, is_cut_off: instance.truncated }
    }

    /// The epoch is not the offer's: the responder sets it.
    fn says_all_of(&self, offer: &Offer) -> bool {
        let is_said = |wanted: Tlv<'_>| {
            matches!(wanted, Tlv::Epoch(_)) || self.tlvs.as_tlvs().iter().any(|tlv| tlv == wanted)
        };
        !self.is_cut_off && offer.tlvs().iter().all(is_said)
    }
}
