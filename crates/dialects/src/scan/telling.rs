//! News as an event.

use mcast_proto::{Body, Event, Finding, Key, Path, Protocol};

use super::session::{News, Report, What};

/// What is to be told of it.
pub(super) fn event(protocol: Protocol, news: &News) -> Event<'_> {
    match &news.what {
        What::Found(heard) => Event::Found(finding(protocol, news.from, heard)),
        What::Changed(heard, change) => {
            Event::Changed { finding: finding(protocol, news.from, heard), change: *change }
        }
        What::Lost(key, reason) => {
            Event::Lost { protocol, key: Key::Foreign(key), from: news.from, reason: *reason }
        }
    }
}

fn finding<'n>(protocol: Protocol, from: Path, heard: &'n Report) -> Finding<'n> {
    let mut finding = Finding::new(protocol, from, Body::Facts(heard.said.facts().as_facts()));
    finding.via = heard.via;
    finding.round_trip = heard.round_trip;
    finding.lease = heard.lease;
    finding
}
