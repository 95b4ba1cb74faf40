//! What devices say of themselves at the URLs that they announce: read once a scan is over, so that nobody who is slow
//! holds it up.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use mcast_dialects::describe::{self, Description, Unread};
use mcast_net::clock::Clock;
use mcast_net::exchange::{Bounds, Unanswered, exchange};
use mcast_proto::{Event, InterfaceId};

/// What one device may take.
const EACH: Bounds = Bounds { longest: describe::LONGEST, within: Duration::from_secs(2) };
/// What all may take together.
const ALL_WITHIN: Duration = Duration::from_secs(10);
/// So many are asked at a time.
const MOST_AT_ONCE: usize = 32;
/// Addresses of which URLs are kept, and how many of each: a device has one as a rule.
const MOST_SOURCES: usize = 512;
const MOST_OF_ONE: usize = 4;
/// How soon a signal is seen.
const GLANCE: Duration = Duration::from_millis(50);

/// The URLs that were heard, by who said them: its address, and the interface.
#[derive(Debug, Default)]
pub(crate) struct Describing {
    said: BTreeMap<(IpAddr, InterfaceId), Said>,
    left_out: usize,
}

/// What one said.
#[derive(Debug)]
struct Said {
    from: SocketAddr,
    interface: Option<String>,
    urls: BTreeSet<String>,
}

/// A page, and who named it.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) from: SocketAddr,
    pub(crate) by: InterfaceId,
    pub(crate) interface: Option<String>,
    pub(crate) url: String,
}

/// A page that was asked for, or was not to be, and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Described {
    pub(crate) page: Page,
    pub(crate) said: Result<Description, Reason>,
}

/// Why there is no description: a word that stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Unread(Unread),
    OffLink,
    Late,
    TooLong,
    Unreachable,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Unread(why) => why.fmt(f),
            Reason::OffLink => f.pad("off_link"),
            Reason::Late => f.pad("late"),
            Reason::TooLong => f.pad("too_long"),
            Reason::Unreachable => f.pad("unreachable"),
        }
    }
}

impl From<Unanswered> for Reason {
    fn from(why: Unanswered) -> Reason {
        match why {
            Unanswered::OffLink => Reason::OffLink,
            Unanswered::Late => Reason::Late,
            Unanswered::TooLong => Reason::TooLong,
            Unanswered::Refused(_) => Reason::Unreachable,
        }
    }
}

impl Describing {
    /// Takes in where a device says that there is more about it.
    pub(crate) fn note(&mut self, event: &Event<'_>, interface: Option<&str>) {
        let (Event::Found(finding) | Event::Changed { finding, .. }) = event else { return };
        let (Some(url), Some(by)) = (finding.url(), finding.from.interface) else { return };
        if finding.protocol.name() != "ssdp" {
            return;
        }
        let from = finding.from.remote;
        let has_room = self.said.len() < MOST_SOURCES;
        let said = match self.said.entry((from.ip(), by)) {
            Entry::Occupied(said) => said.into_mut(),
            Entry::Vacant(place) if has_room => {
                let interface = interface.map(str::to_owned);
                place.insert(Said { from, interface, urls: BTreeSet::new() })
            }
            Entry::Vacant(_) => {
                self.left_out += 1;
                return;
            }
        };
        if said.urls.contains(url) {
            return;
        }
        if said.urls.len() < MOST_OF_ONE {
            said.urls.insert(url.to_owned());
        } else {
            self.left_out += 1;
        }
    }

    /// Asks for all of them, and tells what comes as it comes. It ends early when it `is_over`.
    pub(crate) fn read(self, is_over: impl Fn() -> bool, mut tell: impl FnMut(&Described)) {
        let left_out = self.left_out;
        let pages = self.in_turns();
        let (mut left, clock) = (pages.len(), Clock::new());
        let queue = Arc::new(Mutex::new(pages.into_iter()));
        // They are read here, one at a time: what XML can be made to take is taken once, and not by all at once.
        let (teller, told) = mpsc::sync_channel(MOST_AT_ONCE);
        for _ in 0..left.min(MOST_AT_ONCE) {
            let (queue, teller) = (Arc::clone(&queue), teller.clone());
            let work = move || {
                // Not in a loop's head, where the lock would be held while the page is asked for.
                let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some(page) = next() {
                    let answer = page.ask();
                    if teller.send((page, answer)).is_err() {
                        return;
                    }
                }
            };
            if let Err(error) = thread::Builder::new().name("describe".into()).spawn(work) {
                log::warn!("cannot start a thread: {error}");
            }
        }
        drop(teller);
        let end = clock.now() + ALL_WITHIN;
        while left > 0 && !is_over() && clock.now() < end {
            match told.recv_timeout(GLANCE) {
                Ok((page, answer)) => {
                    left -= 1;
                    let said =
                        answer.and_then(|answer| describe::read(&answer).map_err(Reason::Unread));
                    tell(&Described { page, said });
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        // No further one is begun, and what is under way ends by itself.
        queue.lock().unwrap_or_else(PoisonError::into_inner).by_ref().for_each(drop);
        if left + left_out > 0 && !is_over() {
            log::warn!(
                "{left} descriptions were not read for want of time, {left_out} for want of room"
            );
        }
    }

    /// The first of each, then the second: who names many pages holds up nobody else's.
    fn in_turns(self) -> Vec<Page> {
        let pages = self.said.into_iter().flat_map(|((_, by), said)| {
            let Said { from, interface, urls } = said;
            let page =
                move |(nth, url)| (nth, Page { from, by, interface: interface.clone(), url });
            urls.into_iter().enumerate().map(page)
        });
        let mut pages: Vec<(usize, Page)> = pages.collect();
        pages.sort_by_key(|(nth, _)| *nth);
        pages.into_iter().map(|(_, page)| page).collect()
    }
}

impl Page {
    fn ask(&self) -> Result<Vec<u8>, Reason> {
        let page = describe::Page::of(&self.url, self.from.ip()).map_err(Reason::Unread)?;
        let mut host = self.from;
        host.set_port(page.port);
        Ok(exchange(host, self.by, &page.request, EACH, describe::is_whole)?)
    }
}

#[cfg(test)]
mod tests {
    use mcast_proto::{Body, Fact, FactsBuf, Finding, Path, Protocol};

    use super::*;

    fn note(describing: &mut Describing, protocol: &'static str, from: [u8; 4], url: &str) {
        let mut facts = FactsBuf::new();
        facts.push(Fact::Key(b"uuid:1")).unwrap();
        facts.push(Fact::Url(url)).unwrap();
        let path = Path::new((from, 1900).into()).by(InterfaceId(1));
        let finding = Finding::new(Protocol::new(protocol), path, Body::Facts(facts.as_facts()));
        describing.note(&Event::Found(finding), Some("lo"));
    }

    #[test]
    fn each_has_its_turn_and_what_has_no_room_is_counted() {
        let mut describing = Describing::default();
        for nth in 0..MOST_OF_ONE + 2 {
            note(&mut describing, "ssdp", [10, 0, 0, 1], &format!("http://10.0.0.1/{nth}"));
        }
        note(&mut describing, "ssdp", [10, 0, 0, 1], "http://10.0.0.1/0");
        note(&mut describing, "ssdp", [10, 0, 0, 2], "http://10.0.0.2/");
        note(&mut describing, "wsd", [10, 0, 0, 3], "http://10.0.0.3/");
        assert_eq!(describing.left_out, 2);
        let urls: Vec<String> = describing.in_turns().into_iter().map(|page| page.url).collect();
        let expected = ["1/0", "2/", "1/1", "1/2", "1/3"].map(|end| format!("http://10.0.0.{end}"));
        assert_eq!(urls, expected);
    }

    #[test]
    fn what_is_not_to_be_asked_for_is_told_why() {
        let mut describing = Describing::default();
        note(&mut describing, "ssdp", [192, 0, 2, 1], "http://192.0.2.2/");
        note(&mut describing, "ssdp", [192, 0, 2, 3], "http://192.0.2.3/");
        let mut reasons = Vec::new();
        describing.read(|| false, |it| reasons.push(it.said.clone().unwrap_err().to_string()));
        reasons.sort();
        assert_eq!(reasons, ["elsewhere", "off_link"]);
    }

    #[test]
    fn who_wants_an_end_has_it() {
        let mut describing = Describing::default();
        note(&mut describing, "ssdp", [192, 0, 2, 1], "http://192.0.2.2/");
        describing.read(|| true, |it| panic!("{it:?}"));
    }
}
