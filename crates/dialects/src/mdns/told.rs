//! What is told next.

use mcast_proto::{Change, Event, Finding, Key};

use super::facts::{self, PROTOCOL};
use super::table::{Gone, Table};
use super::types::Types;

/// What a machine tells, and keeps while it is told.
#[derive(Debug, Clone)]
pub(super) enum Told {
    /// An instance was found.
    Found(u64),
    /// Something is new about it.
    Changed(u64, Change),
    /// It is gone.
    Lost(Gone),
}

/// The next thing that is told. Of an instance that is as it was told before, nothing is.
pub(super) fn next(table: &mut Table, types: &Types) -> Option<Told> {
    if let Some(gone) = table.next_gone() {
        return Some(Told::Lost(gone));
    }
    while let Some(number) = table.news.pop_front() {
        let Some(instance) = table.instances.get_mut(&number) else { continue };
        instance.is_news = false;
        let host = instance.server.and_then(|server| table.hosts.get(server.host));
        // There is always room: names and attributes are far shorter than facts may be.
        let Ok(now) = facts::facts_of(instance, host, types.get(instance.kind)) else { continue };
        let Some(before) = instance.told.replace(now) else { return Some(Told::Found(number)) };
        let now = instance.told.as_ref().map(|now| now.as_facts()).unwrap_or_default();
        if let Some(change) = facts::change(before.as_facts(), now) {
            return Some(Told::Changed(number, change));
        }
    }
    None
}

/// It as an event.
pub(super) fn event<'a>(table: &'a Table, told: &'a Told) -> Option<Event<'a>> {
    match told {
        Told::Found(number) => Some(Event::Found(finding(table, *number)?)),
        Told::Changed(number, change) => {
            Some(Event::Changed { finding: finding(table, *number)?, change: *change })
        }
        Told::Lost(Gone { key, from, reason }) => {
            let key = Key::Foreign(key);
            Some(Event::Lost { protocol: PROTOCOL, key, from: *from, reason: *reason })
        }
    }
}

fn finding(table: &Table, number: u64) -> Option<Finding<'_>> {
    let instance = table.instances.get(&number)?;
    Some(facts::finding(instance, instance.told.as_ref()?.as_facts()))
}
