//! What devices have said, kept until the end of a run, when it is told together.

use std::time::SystemTime;

use mcast_proto::Event;

use crate::describing::Described;
use crate::roster::{Roster, State};

/// Finds that are kept, some hundred bytes each.
const MOST: usize = 16_384;

/// What was said by all devices.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    roster: Roster,
    /// Finds for which there was no room.
    left_out: u64,
    /// What they say of themselves at their URLs: no more than was asked for.
    described: Vec<(Described, SystemTime)>,
}

impl Devices {
    /// Takes in an event.
    pub(crate) fn note(&mut self, event: &Event<'_>, interface: Option<&str>, time: SystemTime) {
        if self.roster.has_room_for(event, MOST) {
            let _past = self.roster.note(event, interface, time);
        } else {
            self.left_out += 1;
        }
    }

    /// Takes in what one says of itself at its URL.
    pub(crate) fn describe(&mut self, described: &Described, time: SystemTime) {
        self.described.push((described.clone(), time));
    }

    /// What they say of themselves, in the order in which it came.
    pub(crate) fn described(&self) -> &[(Described, SystemTime)] {
        &self.described
    }

    /// Shows all that is there, and how many had no room.
    pub(crate) fn show<T>(&self, show: impl FnOnce(&State, u64) -> T) -> T {
        show(&self.roster.lock(), self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use mcast_proto::{Body, Finding, Loss, Path, Protocol};

    use super::*;

    #[test]
    fn of_more_than_there_is_room_for_the_rest_is_counted() {
        let mut devices = Devices::default();
        let finding = |number| {
            let from = Path::new(([10, 0, 0, 2], 9).into());
            Finding::new(Protocol::PLAIN, from, Body::Plain { number, payload: b"Me!" })
        };
        let at = SystemTime::UNIX_EPOCH;
        for number in 0..MOST as u64 + 3 {
            devices.note(&Event::Found(finding(number)), None, at);
        }
        // One who is known is no further one.
        devices.note(&Event::Found(finding(1)), None, at);
        let Finding { protocol, from, .. } = finding(1);
        let key = finding(1).key();
        devices.note(&Event::Lost { protocol, key, from, reason: Loss::Goodbye }, None, at);
        let shown = devices.show(|state, left_out| (state.sorted().len(), left_out));
        assert_eq!(shown, (MOST - 1, 3));
    }
}
