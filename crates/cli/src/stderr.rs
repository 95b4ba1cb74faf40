//! Standard error: what is said to the person, beside the results on stdout.
//!
//! A progress line or a table stands at the bottom of a terminal and gives way to everything else, so
//! whoever writes to the terminal does it through here, or calls [`clear`] first.

use std::fmt::{Arguments, Display};
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::escape::OneLine;

static SCREEN: Mutex<Screen> =
    Mutex::new(Screen { standing: Standing::Nothing, warning: String::new() });

/// What stands on stderr.
struct Screen {
    standing: Standing,
    /// The latest warning.
    warning: String,
}

/// What stands at the bottom of the terminal and gives way.
#[derive(Clone, Copy)]
enum Standing {
    Nothing,
    /// A progress line, on stderr.
    Progress,
    /// So many lines of a table, on stdout.
    Table(usize),
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
    screen.standing = Standing::Progress;
}

/// Puts lines on stdout, which is a terminal, in the place of those that stand, or on an empty screen.
pub(crate) fn stand(lines: &[String], on_empty_screen: bool) {
    let mut screen = lock();
    let mut frame = String::new();
    match screen.standing {
        // Home, and erase to the end (ECMA-48 CUP, ED).
        Standing::Table(_) if on_empty_screen => frame.push_str("\x1b[H\x1b[J"),
        Standing::Table(height) => frame.push_str(&to_top_of(height)),
        _ => clear_standing(&mut screen),
    }
    // What stood there is written over, and only the rest erased, so that nothing flickers.
    frame.push_str(&lines.join("\x1b[K\r\n"));
    frame.push_str("\x1b[K\x1b[J");
    write_stdout(&frame);
    screen.standing = Standing::Table(lines.len());
}

/// Takes a progress line away, and leaves a table where it is, for good.
pub(crate) fn settle() {
    let mut screen = lock();
    if let Standing::Table(_) = screen.standing {
        write_stdout("\r\n");
        screen.standing = Standing::Nothing;
    }
    clear_standing(&mut screen);
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
    let mut screen = lock();
    clear_standing(&mut screen);
    screen
}

fn clear_standing(screen: &mut Screen) {
    match std::mem::replace(&mut screen.standing, Standing::Nothing) {
        Standing::Nothing => {}
        // To the line's start, and erase to its end (ECMA-48 EL).
        Standing::Progress => {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
        Standing::Table(height) => write_stdout(&format!("{}\x1b[J", to_top_of(height))),
    }
}

/// Goes from the last of so many lines to the start of the first (ECMA-48 CUU).
fn to_top_of(height: usize) -> String {
    match height.saturating_sub(1) {
        0 => "\r".into(),
        up => format!("\r\x1b[{up}A"),
    }
}

fn write_stdout(text: &str) {
    // A terminal that is gone has no reader either: SIGHUP ends the run.
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

fn lock() -> MutexGuard<'static, Screen> {
    SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
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
