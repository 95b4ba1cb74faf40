//! A scan that watches, and what it has told so far.

use std::time::Duration;

use mcast_net::clock::Clock;
use mcast_proto::Instant;
use mcast_tests::netns::{Process, Signal};
use serde_json::Value;

use crate::finding::json;
use crate::lab::Lab;

pub(crate) struct Watching {
    process: Process,
    clock: Clock,
    /// What was told and not asked for yet.
    told: Vec<Value>,
}

impl Watching {
    /// Starts it.
    pub(crate) fn new(lab: &Lab<'_>) -> Watching {
        let process = Process::start(lab.scan("--watch"));
        Watching { process, clock: Clock::new(), told: Vec::new() }
    }

    /// The time now.
    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Waits until such an event is told, once for each.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &[&str], is: impl Fn(&Value) -> bool) -> Value {
        let is_what = |event: &Value| what.iter().any(|what| event["event"] == *what);
        let is = |event: &Value| is_what(event) && is(event);
        let before = self.told.iter().position(&is);
        before.map(|nth| self.told.remove(nth)).unwrap_or_else(|| {
            loop {
                let event = json(&self.process.event());
                if is(&event) {
                    return event;
                }
                self.told.push(event);
            }
        })
    }

    /// The same, where it is to be told that soon after some time.
    #[track_caller]
    pub(crate) fn soon(
        &mut self,
        what: &[&str],
        (since, words): (Instant, &str),
        most: Duration,
        is: impl Fn(&Value) -> bool,
    ) -> Value {
        let event = self.until(what, is);
        let took = self.now() - since;
        println!("{} {:.1?} after {words}", event["event"], took);
        assert!(took <= most, "it took {took:?}: {event}");
        event
    }

    pub(crate) fn stop(self) {
        drop(self.process.stop(Signal::INT));
    }
}
