//! Standard error: what is said to the person, beside the results on stdout.
//!
//! A progress line stands at the bottom of a terminal and gives way to everything else, so whoever
//! writes to the terminal does it through here, or calls [`clear`] first.

use std::fmt::{Arguments, Display};
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anstyle::{AnsiColor, Style};
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::escape::OneLine;

/// Whether a progress line stands.
static STANDING: Mutex<bool> = Mutex::new(false);

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const DETAIL: Style = Style::new().dimmed();

/// Says a line.
pub(crate) fn say(line: Arguments<'_>) {
    let _standing = cleared();
    // Nobody is left to be told that stderr can't be written.
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Says what went wrong.
pub(crate) fn error(message: impl Display) {
    say(format_args!("{ERROR}mcast:{ERROR:#} {}", OneLine(message)));
}

/// Says what may be wrong, or what to try.
pub(crate) fn hint(message: impl Display) {
    say(format_args!("{WARNING}mcast:{WARNING:#} {}", OneLine(message)));
}

/// Puts a progress line in the place of the one that stands.
pub(crate) fn progress(line: Arguments<'_>) {
    let mut standing = cleared();
    let mut stderr = anstream::stderr();
    let _ = write!(stderr, "{DETAIL}{line}{DETAIL:#}").and_then(|()| stderr.flush());
    *standing = true;
}

/// Takes the progress line away.
pub(crate) fn clear() {
    drop(cleared());
}

fn cleared() -> MutexGuard<'static, bool> {
    let mut standing = STANDING.lock().unwrap_or_else(PoisonError::into_inner);
    if std::mem::take(&mut *standing) {
        // To the line's start, and erase to its end (ECMA-48 EL). Past anstream, which would take
        // the sequence away where colours are not wanted.
        let mut stderr = std::io::stderr();
        let _ = stderr.write_all(b"\r\x1b[K").and_then(|()| stderr.flush());
    }
    standing
}

/// Shows the log's lines down to `level`.
pub(crate) fn show_log(level: LevelFilter) {
    log::set_logger(&Logger).expect("main sets the only logger");
    log::set_max_level(level);
}

struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("mcast")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let message = record.args();
        match record.level() {
            Level::Error => error(message),
            Level::Warn => hint(message),
            _ => say(format_args!("{DETAIL}mcast: {}{DETAIL:#}", OneLine(message))),
        }
    }

    fn flush(&self) {}
}
