//! Being asked to end.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a signal does to this process.
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The number of the signal that came.
    signal: Option<u8>,
    stop: Option<Box<dyn Fn() + Send>>,
}

impl Interrupt {
    /// From now on the first SIGINT or SIGTERM does what [`then`](Self::then) says, and a second one
    /// ends the process on the spot.
    #[cfg(unix)]
    pub(crate) fn watch() -> io::Result<Interrupt> {
        use std::sync::atomic::AtomicBool;

        use signal_hook::consts::{SIGINT, SIGTERM};
        use signal_hook::flag;
        use signal_hook::iterator::Signals;

        let interrupt = Interrupt::default();
        let asked_before = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag down and puts it up.
            flag::register_conditional_default(signal, asked_before.clone())?;
            flag::register(signal, asked_before.clone())?;
        }
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let watched = interrupt.clone();
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                watched.note(u8::try_from(signal).unwrap_or(u8::MAX));
            }
        })?;
        Ok(interrupt)
    }

    /// From now on the first Ctrl-C does what [`then`](Self::then) says, and a second one ends the
    /// process on the spot.
    #[cfg(not(unix))]
    pub(crate) fn watch() -> io::Result<Interrupt> {
        const SIGINT: u8 = 2;
        let interrupt = Interrupt::default();
        let watched = interrupt.clone();
        let handler = move || match watched.signal() {
            None => watched.note(SIGINT),
            Some(_) => std::process::exit(128 + i32::from(SIGINT)),
        };
        ctrlc::set_handler(handler).map_err(io::Error::other)?;
        Ok(interrupt)
    }

    /// Has `stop` called, on another thread, when a signal comes; at once if one has come already.
    pub(crate) fn then(&self, stop: impl Fn() + Send + 'static) {
        let mut state = self.lock();
        if state.signal.is_some() {
            stop();
        }
        state.stop = Some(Box::new(stop));
    }

    /// The number of the signal that came.
    pub(crate) fn signal(&self) -> Option<u8> {
        self.lock().signal
    }

    fn note(&self, signal: u8) {
        let mut state = self.lock();
        state.signal = Some(signal);
        if let Some(stop) = &state.stop {
            stop();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_signal_stops_the_run_whether_it_comes_before_or_after() {
        const SIGTERM: u8 = 15;
        for comes_before in [true, false] {
            let (interrupt, stops) = (Interrupt::default(), Arc::new(AtomicU32::new(0)));
            if comes_before {
                interrupt.note(SIGTERM);
            }
            let counted = stops.clone();
            interrupt.then(move || {
                counted.fetch_add(1, Ordering::SeqCst);
            });
            if !comes_before {
                assert_eq!(interrupt.signal(), None);
                interrupt.note(SIGTERM);
            }
            assert_eq!(stops.load(Ordering::SeqCst), 1);
            assert_eq!(interrupt.signal(), Some(SIGTERM));
        }
    }
}
