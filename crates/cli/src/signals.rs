//! Being asked to end.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mcast_net::clock::Clock;
use mcast_proto::Instant;

/// A second signal within this time is the same wish: GNU `timeout` signals its child, and then the
/// group that the child is in.
const SAME_WISH: Duration = Duration::from_millis(200);

/// What a signal does to this process.
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The number of the signal that came, and when.
    signal: Option<(u8, Instant)>,
    /// The run is to end.
    is_asked: bool,
    stop: Option<Box<dyn Fn() + Send>>,
}

impl Interrupt {
    /// From now on the first SIGINT, SIGTERM or SIGHUP does what [`then`](Self::then) says, and a second
    /// one that is not of the same wish ends the process on the spot.
    #[cfg(unix)]
    pub(crate) fn watch() -> io::Result<Interrupt> {
        use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM};
        use signal_hook::iterator::Signals;
        use signal_hook::low_level::emulate_default_handler;

        use crate::terminal::{Keyboard, TERMINAL};

        let interrupt = Interrupt::default();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGCONT])?;
        if hangs_up() {
            signals.add_signal(SIGHUP)?;
        }
        let watched = interrupt.clone();
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            let clock = Clock::new();
            for signal in signals.forever() {
                if signal == SIGCONT {
                    TERMINAL.resume();
                    continue;
                }
                let is_enough = watched.note(u8::try_from(signal).unwrap_or(u8::MAX), clock.now());
                if is_enough {
                    Keyboard::restore();
                    if emulate_default_handler(signal).is_err() {
                        std::process::exit(128 + signal);
                    }
                }
            }
        })?;
        Ok(interrupt)
    }

    /// From now on the first Ctrl-C does what [`then`](Self::then) says, and a second one that is not of
    /// the same wish ends the process on the spot.
    #[cfg(not(unix))]
    pub(crate) fn watch() -> io::Result<Interrupt> {
        const SIGINT: u8 = 2;
        let interrupt = Interrupt::default();
        let (watched, clock) = (interrupt.clone(), Clock::new());
        let handler = move || {
            if watched.note(SIGINT, clock.now()) {
                std::process::exit(128 + i32::from(SIGINT));
            }
        };
        ctrlc::set_handler(handler).map_err(io::Error::other)?;
        Ok(interrupt)
    }

    /// Has `stop` called, on another thread, when a signal comes or the run is to end for another reason;
    /// at once if that has come already.
    pub(crate) fn then(&self, stop: impl Fn() + Send + 'static) {
        let mut state = self.lock();
        if state.is_asked {
            stop();
        }
        state.stop = Some(Box::new(stop));
    }

    /// The number of the signal that came.
    pub(crate) fn signal(&self) -> Option<u8> {
        self.lock().signal.map(|(signal, _)| signal)
    }

    /// Whether the run is to end.
    pub(crate) fn is_asked(&self) -> bool {
        self.lock().is_asked
    }

    /// Ends the run, as a signal does.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.is_asked = true;
        if let Some(stop) = &state.stop {
            stop();
        }
    }

    /// Takes in a signal. Whether somebody has waited long enough for the run to end.
    fn note(&self, signal: u8, now: Instant) -> bool {
        let mut state = self.lock();
        match state.signal {
            Some((_, first)) => now - first >= SAME_WISH,
            None => {
                state.signal = Some((signal, now));
                drop(state);
                self.stop();
                false
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// SIGUSR1: the wish that what a run was told at its start be read again.
#[cfg(unix)]
pub(crate) struct Reloads(signal_hook::iterator::Signals);

#[cfg(unix)]
impl Reloads {
    /// From now on the signal does not end the process; what comes before the [`start`](Self::start) waits.
    pub(crate) fn watch() -> io::Result<Reloads> {
        let signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGUSR1])?;
        Ok(Reloads(signals))
    }

    /// Has `reload` called, on a thread of its own, whenever it comes.
    pub(crate) fn start(self, mut reload: impl FnMut() + Send + 'static) -> io::Result<()> {
        let Reloads(mut signals) = self;
        let run = move || signals.forever().for_each(|_| reload());
        std::thread::Builder::new().name("reload".into()).spawn(run).map(drop)
    }
}

/// Here there is no such signal.
#[cfg(not(unix))]
pub(crate) struct Reloads;

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
impl Reloads {
    pub(crate) fn watch() -> io::Result<Reloads> {
        Ok(Reloads)
    }

    pub(crate) fn start(self, _: impl FnMut() + Send + 'static) -> io::Result<()> {
        Ok(())
    }
}

/// Whether SIGHUP does something to this process: `nohup` has it ignored, and so it is to stay. Where
/// that can't be known it is left as it is.
#[cfg(unix)]
fn hangs_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored(&status).is_some_and(|ignored| ignored & 1 << (signal_hook::consts::SIGHUP - 1) == 0)
}

/// The set of signals that a process ignores, from Linux's account of it: signal 1 is its lowest bit
/// (proc_pid_status(5)).
#[cfg(unix)]
fn ignored(status: &str) -> Option<u64> {
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(set.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const SIGTERM: u8 = 15;

    fn at(milliseconds: u64) -> Instant {
        Instant::from_millis(milliseconds)
    }

    #[test]
    fn a_signal_stops_the_run_whether_it_comes_before_or_after() {
        for comes_before in [true, false] {
            let (interrupt, stops) = (Interrupt::default(), Arc::new(AtomicU32::new(0)));
            if comes_before {
                interrupt.note(SIGTERM, at(0));
            }
            let counted = stops.clone();
            interrupt.then(move || {
                counted.fetch_add(1, Ordering::SeqCst);
            });
            if !comes_before {
                assert_eq!(interrupt.signal(), None);
                interrupt.note(SIGTERM, at(0));
            }
            assert_eq!(stops.load(Ordering::SeqCst), 1);
            assert_eq!(interrupt.signal(), Some(SIGTERM));
        }
    }

    #[test]
    fn a_second_signal_is_the_same_wish_unless_somebody_has_waited() {
        let interrupt = Interrupt::default();
        assert!(!interrupt.note(2, at(1000)));
        assert!(!interrupt.note(2, at(1000)) && !interrupt.note(SIGTERM, at(1199)));
        assert_eq!(interrupt.signal(), Some(2));
        assert!(interrupt.note(2, at(1200)));
    }

    #[test]
    fn an_end_without_a_signal_stops_the_run_and_is_not_taken_for_one() {
        let (interrupt, stops) = (Interrupt::default(), Arc::new(AtomicU32::new(0)));
        interrupt.stop();
        let counted = stops.clone();
        interrupt.then(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        assert_eq!((stops.load(Ordering::SeqCst), interrupt.signal()), (1, None));
    }

    #[cfg(unix)]
    #[test]
    fn what_a_process_ignores_is_read_from_its_status() {
        let status = "Name:\tmcast\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored(status), Some(0x1001));
        assert_eq!(ignored("Name:\tmcast\n"), None);
    }
}
