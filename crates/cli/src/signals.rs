//! Being asked to end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Whether a signal has asked this process to end.
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicU8>);

impl Interrupt {
    /// Calls `stop`, on another thread, at the first SIGINT or SIGTERM. A second one ends the process
    /// on the spot.
    #[cfg(unix)]
    pub(crate) fn watch(stop: impl Fn() + Send + 'static) -> io::Result<Interrupt> {
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
        let seen = interrupt.clone();
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                seen.0.store(u8::try_from(signal).unwrap_or(u8::MAX), Ordering::SeqCst);
                stop();
            }
        })?;
        Ok(interrupt)
    }

    /// Calls `stop`, on another thread, when the user presses Ctrl-C.
    #[cfg(not(unix))]
    pub(crate) fn watch(stop: impl Fn() + Send + 'static) -> io::Result<Interrupt> {
        const SIGINT: u8 = 2;
        let interrupt = Interrupt::default();
        let seen = interrupt.clone();
        ctrlc::set_handler(move || {
            if seen.0.swap(SIGINT, Ordering::SeqCst) != 0 {
                std::process::exit(128 + i32::from(SIGINT));
            }
            stop();
        })
        .map_err(io::Error::other)?;
        Ok(interrupt)
    }

    /// The number of the signal.
    pub(crate) fn signal(&self) -> Option<u8> {
        match self.0.load(Ordering::SeqCst) {
            0 => None,
            signal => Some(signal),
        }
    }
}
