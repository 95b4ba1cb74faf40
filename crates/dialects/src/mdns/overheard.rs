//! Others' questions, which show who does not answer any more (RFC 6762 section 10.5).

use alloc::collections::BTreeSet;

use mcast_proto::{Arrival, Cast, Instant};

use super::PORT;
use super::identity::{Key, TypeLabels};
use super::name::Name;
use super::table::Table;
use super::types::Types;
use super::wire::{Data, Message, kind};

/// Questions of a message that are looked at: each may be for many instances.
const MOST_QUESTIONS: usize = 16;

/// Another asks. It counts for the instances that are to answer to the group: not where the answer may come to
/// the asker alone, where they are said to be known, or may be said to be in the message that follows. A question
/// of our own does not count, nor one of another program on this host, which can't be told from ours.
pub(super) fn ask(
    table: &mut Table,
    types: &Types,
    now: Instant,
    arrival: &Arrival,
    message: &Message<'_>,
) {
    let from = arrival.from;
    let is_of_another = from.local.is_some_and(|own| own.ip() != from.remote.ip());
    let is_to_group = matches!(arrival.cast, Cast::Group(_)) && from.remote.port() == PORT;
    if !arrival.on_link || !is_of_another || !is_to_group || message.is_truncated() {
        return;
    }
    let mut known = None;
    for question in message.questions().take(MOST_QUESTIONS) {
        let asks = matches!(question.kind, kind::PTR | kind::ANY) && !question.is_unicast;
        let of_type = TypeLabels::of_type(question.name).filter(|_| asks);
        let Some(of_type) =
            of_type.and_then(|labels| types.number(labels)).and_then(|number| types.get(number))
        else {
            continue;
        };
        let known = known.get_or_insert_with(|| known_to(table, arrival, message));
        for number in of_type.instances.difference(known) {
            if let Some(instance) = table.instances.get_mut(number)
                && instance.source.link == from.interface
            {
                instance.silence.ask(now);
                table.plan(*number);
            }
        }
    }
}

/// The instances that the asker says it knows.
fn known_to(table: &Table, arrival: &Arrival, message: &Message<'_>) -> BTreeSet<u64> {
    let number = |name: Name<'_>| table.number(&Key::new(arrival.from.interface, name));
    let named = message.records().filter_map(|record| match record.data {
        Data::Ptr(instance) => number(instance),
        _ => None,
    });
    named.collect()
}
