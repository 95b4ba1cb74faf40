//! What is looked for: by type, and by name.

use std::collections::BTreeSet;
use std::str::FromStr;

use glob::{MatchOptions, Pattern};
use mcast_dialects::mdns::ServiceType;
use mcast_dialects::ssdp::Ssdp;
use mcast_proto::service::Selection;
use mcast_proto::{Event, Finding, OwnedKey, Protocol};

use super::voices::Voice;
use crate::kinds::services;

/// Finds that were told and may change, at the most.
const MOST_TOLD: usize = 65_536;

/// A pattern of names: `*` stands for anything, `?` for one character. Capitals are as small letters.
#[derive(Debug, Clone)]
pub(super) struct NamePattern(Pattern);

impl FromStr for NamePattern {
    type Err = String;

    fn from_str(text: &str) -> Result<NamePattern, String> {
        let pattern = Pattern::new(text).map(NamePattern);
        pattern.map_err(|error| format!("not a pattern: {}; write for example lab-*", error.msg))
    }
}

/// What is looked for; by default anything.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) service: Option<String>,
    pub(super) name: Option<NamePattern>,
}

impl Wanted {
    /// Whether a protocol can know what is looked for.
    pub(super) fn may_be_of(&self, voice: &Voice) -> bool {
        let Some(service) = &self.service else { return true };
        let is_dns_type = ServiceType::new(service).is_some();
        match voice {
            Voice::Mdns => is_dns_type,
            // A service can be called by any name there.
            Voice::Mcast => true,
            Voice::Ssdp | Voice::Wsd | Voice::Coap => !is_dns_type,
            Voice::Preset(preset) => preset.name().eq_ignore_ascii_case(service),
            // Nothing of that kind is said in it.
            Voice::Plain => false,
        }
    }

    /// The types that multicast DNS is asked for; none where it is all.
    pub(super) fn types(&self) -> BTreeSet<ServiceType> {
        self.service.as_deref().and_then(ServiceType::new).into_iter().collect()
    }

    /// What SSDP searches for.
    pub(super) fn targets(&self) -> Ssdp {
        let is_target = |service: &&str| {
            ["urn:", "uuid:", "upnp:"].iter().any(|scheme| service.starts_with(scheme))
        };
        let target = self.service.as_deref().filter(is_target);
        target.and_then(|target| Ssdp::targets([target]).ok()).unwrap_or_default()
    }

    /// What is asked for in the structured protocol.
    pub(super) fn selection(&self) -> Selection {
        let selection = self.service.as_deref().map(Selection::service);
        selection.and_then(Result::ok).unwrap_or_else(Selection::all)
    }

    fn is_anything(&self) -> bool {
        self.service.is_none() && self.name.is_none()
    }

    fn takes(&self, finding: &Finding<'_>) -> bool {
        let is_service = |wanted: &String| {
            services(*finding).any(|service| service.eq_ignore_ascii_case(wanted))
        };
        let options = MatchOptions { case_sensitive: false, ..MatchOptions::default() };
        let is_named = |NamePattern(pattern): &NamePattern| {
            finding.name().is_some_and(|name| pattern.matches_with(name, options))
        };
        self.service.as_ref().is_none_or(is_service) && self.name.as_ref().is_none_or(is_named)
    }
}

/// Lets pass what is looked for, and counts it.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    wanted: Wanted,
    told: BTreeSet<(Protocol, OwnedKey)>,
    /// How many were found.
    pub(super) found: u64,
    /// Some that are looked for were left out for want of room.
    pub(super) lacked_room: bool,
}

impl Sieve {
    pub(super) fn new(wanted: Wanted) -> Sieve {
        Sieve { wanted, ..Sieve::default() }
    }

    /// The event as it is to be told, if it is. What comes to be looked for by a change is found by it.
    pub(super) fn pass<'a>(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        let (finding, change) = match event {
            Event::Found(finding) => (finding, None),
            Event::Changed { finding, change } => (finding, Some(change)),
            Event::Lost { protocol, key, .. } => {
                let is_told =
                    self.wanted.is_anything() || self.told.remove(&(protocol, key.into()));
                return is_told.then_some(event);
            }
            Event::Asked { .. } | Event::Message { .. } => return Some(event),
        };
        if self.wanted.is_anything() {
            self.found += u64::from(change.is_none());
            return Some(event);
        }
        let key = (finding.protocol, finding.key().into());
        if self.told.contains(&key) {
            return Some(event);
        }
        if !self.wanted.takes(&finding) {
            return None;
        }
        if self.told.len() >= MOST_TOLD {
            self.lacked_room = true;
            return None;
        }
        self.told.insert(key);
        self.found += 1;
        Some(Event::Found(finding))
    }
}

#[cfg(test)]
mod tests;
