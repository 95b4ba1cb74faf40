//! Standard error: what is said to the person, beside the results on stdout.
//!
//! A progress line stands at the bottom of a terminal and gives way to everything else, so whoever
//! writes to the terminal does it through here, or calls [`clear`] first.

use std::fmt::{Arguments, Display};
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::escape::OneLine;

static SCREEN: Mutex<Screen> = Mutex::new(Screen { progress: false, warning: String::new() });

/// What stands on stderr.
struct Screen {
    /// Whether a progress line stands.
    progress: bool,
    /// The latest warning.
    warning: String,
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const DETAIL: Style = Style::new().dimmed();

/// Says a line.
pub(crate) fn say(line: Arguments<'_>) {
    write_line(&mut cleared(), line);
}

/// Says what went wrong, unless a warning has said just that.
pub(crate) fn error(message: impl Display) {
    let message = OneLine(message).to_string();
    let mut screen = cleared();
    if screen.warning != message {
        let style = styled(ERROR);
        write_line(&mut screen, format_args!("{style}mcast:{style:#} {message}"));
    }
}

/// Says what may be wrong, or what to try.
pub(crate) fn warn(message: impl Display) {
    let mut screen = cleared();
    let (style, message) = (styled(WARNING), OneLine(message).to_string());
    write_line(&mut screen, format_args!("{style}mcast:{style:#} {message}"));
    screen.warning = message;
}

/// Puts a progress line in the place of the one that stands.
pub(crate) fn progress(line: Arguments<'_>) {
    let mut screen = cleared();
    let style = styled(DETAIL);
    let _ = io::stderr().write_all(format!("{style}{line}{style:#}").as_bytes());
    screen.progress = true;
}

/// Takes the progress line away.
pub(crate) fn clear() {
    drop(cleared());
}

fn write_line(_held: &mut Screen, line: Arguments<'_>) {
    // In one write, so that lines of several programs don't mix. Nobody is left to be told that it
    // failed.
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// A style, where colours are wanted.
fn styled(style: Style) -> Style {
    match AutoStream::choice(&io::stderr()) {
        ColorChoice::Never => Style::new(),
        _ => style,
    }
}

fn cleared() -> MutexGuard<'static, Screen> {
    let mut screen = SCREEN.lock().unwrap_or_else(PoisonError::into_inner);
    if std::mem::take(&mut screen.progress) {
        // To the line's start, and erase to its end (ECMA-48 EL).
        let _ = io::stderr().write_all(b"\r\x1b[K");
    }
    screen
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
            Level::Warn => warn(message),
            _ => {
                let style = styled(DETAIL);
                say(format_args!("{style}mcast: {}{style:#}", OneLine(message)));
            }
        }
    }

    fn flush(&self) {}
}
