//! What is shown of a run while it goes on, beside its results.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use mcast_net::Drops;
use mcast_proto::{Doubts, Event, Instant, Summary};

use crate::doubts;
use crate::table::{self, Table};
use crate::terminal::TERMINAL;

/// What is shown of a machine.
pub(crate) enum Progress<M> {
    Nothing,
    /// A status line on a terminal.
    Status(fn(&M, Instant) -> String),
    /// Who is there: as a table, where that is the format, and in any case when there is no room for more.
    Watch(fn(&M, Instant) -> Summary),
}

/// How often the status line changes.
const REFRESH: Duration = Duration::from_millis(100);
/// How often it is looked whether there still is room, where there is no table.
const LOOK: Duration = Duration::from_secs(1);

/// What is done again and again, and how often.
pub(crate) type Tick<M> = (Duration, Box<dyn FnMut(Instant, &M)>);

impl<M: 'static> Progress<M> {
    /// A status line, unless nothing is to be said.
    pub(crate) fn line(is_quiet: bool, line: fn(&M, Instant) -> String) -> Progress<M> {
        if is_quiet { Progress::Nothing } else { Progress::Status(line) }
    }

    /// What shows it, and in which table, if there is one.
    pub(crate) fn tick(&self, table: Option<Table>) -> Option<Tick<M>> {
        match *self {
            Progress::Nothing => None,
            // Where it can't be erased it is left out.
            Progress::Status(_) if !TERMINAL.stderr().can_erase => None,
            Progress::Status(line) => {
                Some((REFRESH, Box::new(move |now, machine| TERMINAL.status(line(machine, now)))))
            }
            Progress::Watch(summary) => {
                let period = table.as_ref().map_or(LOOK, |_| table::REFRESH);
                let mut is_told = false;
                let look = move |now: Instant, machine: &M| {
                    if let Some(table) = &table {
                        table.draw();
                    }
                    // As soon as it is so: nobody knows when the end comes.
                    if !is_told && summary(machine, now).doubts.contains(Doubts::NO_ROOM) {
                        log::warn!(
                            "{}: from now on those who answer give way to others",
                            doubts::NO_ROOM
                        );
                        is_told = true;
                    }
                };
                Some((period, Box::new(look)))
            }
        }
    }
}

/// How much comes, said on stderr once a second. Two that are cloned are one.
#[derive(Clone, Default)]
pub(crate) struct Stats(Rc<Cell<Volume>>);

#[derive(Debug, Clone, Copy, Default)]
struct Volume {
    datagrams: u64,
    bytes: u64,
    /// Dropped by the system.
    drops: u64,
}

impl Stats {
    pub(crate) fn note(&self, event: &Event<'_>) {
        if let Event::Message { payload, .. } = event {
            let Volume { datagrams, bytes, drops } = self.0.get();
            let (datagrams, bytes) = (datagrams + 1, bytes + payload.len() as u64);
            self.0.set(Volume { datagrams, bytes, drops });
        }
    }

    /// What says it. `drops` are the system's.
    pub(crate) fn tick<M>(&self, drops: Drops) -> Tick<M> {
        let heard = self.clone();
        let mut before = (Instant::ZERO, Volume::default());
        let show = move |now: Instant, _: &M| {
            let volume = Volume { drops: drops.total(), ..heard.0.get() };
            volume.show_since(before.1, now - before.0);
            before = (now, volume);
        };
        (Duration::from_secs(1), Box::new(show))
    }
}

impl Volume {
    fn show_since(self, before: Volume, time: Duration) {
        let a_second = |number: u64| number as f64 / time.as_secs_f64();
        let datagrams = a_second(self.datagrams - before.datagrams);
        let bytes = a_second(self.bytes - before.bytes);
        let drops = self.drops - before.drops;
        TERMINAL.say(format_args!(
            "{datagrams:.0} datagrams/s, {bytes:.0} bytes/s, {drops} dropped by the kernel"
        ));
    }
}
