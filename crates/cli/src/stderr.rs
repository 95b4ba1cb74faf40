//! Standard error: what is said to the person, beside the results on stdout.
//!
//! A progress line or a table stands at the bottom of a terminal and gives way to everything else, so
//! whoever writes to the terminal does it through here, or calls [`clear`] first. While a run goes on
//! nobody waits for whoever reads it: what he does not take is left out, and he is told how much.

use std::fmt::{Arguments, Display};
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::escape::OneLine;
use crate::output::{IfFull, Output, Reader};
use crate::render::Plural;

static SCREEN: Mutex<Screen> = Mutex::new(Screen {
    writers: None,
    standing: Standing::Nothing,
    warning: String::new(),
    missed: 0,
});

/// What stands on stderr.
struct Screen {
    /// Who writes while a run goes on; before and after it, whoever has something to say.
    writers: Option<Writers>,
    standing: Standing,
    /// The latest warning.
    warning: String,
    /// Lines for which there was no room, and that the reader was not told of.
    missed: u64,
}

/// Those who write, so that nobody else waits for a reader that has stopped.
struct Writers {
    stdout: Output,
    stderr: Output,
    /// Both are one terminal, and one writer keeps what goes to it in order.
    is_shared: bool,
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

/// From now on nothing that is said here waits to be read: it is written by a thread, or, where `stdout`
/// leads to the same terminal, by that one's. Whether it is the same.
pub(crate) fn hand_over(stdout: &Output) -> io::Result<bool> {
    let is_shared = is_one_terminal();
    let stderr = match is_shared {
        true => stdout.clone(),
        // Whoever reads neither hears of what is wrong with it.
        false => Output::start("stderr", io::stderr(), Reader::Optional, |_| None, |_| {})?,
    };
    lock().writers = Some(Writers { stdout: stdout.clone(), stderr, is_shared });
    Ok(is_shared)
}

/// Waits until all is written that was said, but not for a reader that has stopped.
pub(crate) fn finish() {
    catch_up();
    let mut screen = lock();
    screen.clear();
    let writers = screen.writers.take();
    drop(screen);
    if let Some(Writers { stderr, .. }) = writers {
        // Nobody is left to be told what was not read.
        let _ = stderr.finish(IfFull::Drop);
    }
}

/// Says a line.
pub(crate) fn say(line: Arguments<'_>) {
    lock().say(line);
}

/// Says what went wrong, unless a warning has said just that.
pub(crate) fn error(message: impl Display) {
    let message = OneLine(message).to_string();
    let mut screen = lock();
    if screen.warning != message {
        let style = styled(ERROR);
        screen.say(format_args!("{style}mcast:{style:#} {message}"));
    }
}

/// Says what may be wrong, or what to try.
pub(crate) fn warn(message: impl Display) {
    let (style, message) = (styled(WARNING), OneLine(message).to_string());
    let mut screen = lock();
    screen.say(format_args!("{style}mcast:{style:#} {message}"));
    screen.warning = message;
}

/// Puts a progress line in the place of the one that stands, unless the terminal is slow.
pub(crate) fn progress(line: Arguments<'_>) {
    let mut screen = lock();
    let style = styled(DETAIL);
    let line = format!("{}{style}{line}{style:#}", screen.opening());
    if screen.put(&line, IfFull::Skip) {
        screen.standing = Standing::Progress;
    }
}

/// Puts lines on stdout, which is a terminal, in the place of those that stand, or on an empty screen.
/// Whether it did: where the terminal is slow it leaves out those that come too soon.
pub(crate) fn stand(lines: &[String], on_empty_screen: bool) -> bool {
    let mut screen = lock();
    let mut frame = match screen.standing {
        // Home, and erase to the end (ECMA-48 CUP, ED).
        Standing::Table(_) if on_empty_screen => "\x1b[H\x1b[J".into(),
        Standing::Table(height) => to_top_of(height),
        _ => screen.clearing(),
    };
    // What stood there is written over, and only the rest erased, so that nothing flickers.
    frame.push_str(&lines.join("\x1b[K\r\n"));
    frame.push_str("\x1b[K\x1b[J");
    let is_shown = screen.put_on_stdout(&frame, IfFull::Skip);
    if is_shown {
        screen.standing = Standing::Table(lines.len());
    }
    is_shown
}

/// Takes a progress line away, and leaves a table where it is, for good. What is said now finds room.
pub(crate) fn settle() {
    catch_up();
    let mut screen = lock();
    if let Standing::Table(_) = screen.standing {
        screen.put_on_stdout("\r\n", IfFull::Drop);
        screen.standing = Standing::Nothing;
    }
    screen.clear();
}

/// Takes away what stands.
pub(crate) fn clear() {
    lock().clear();
}

/// Where lines were left out, gives a reader that is merely slow the time to come after.
fn catch_up() {
    let screen = lock();
    let stderr = screen.writers.as_ref().map(|writers| writers.stderr.clone());
    let is_late = screen.missed > 0;
    drop(screen);
    if let Some(stderr) = stderr.filter(|_| is_late) {
        stderr.catch_up();
    }
}

impl Screen {
    fn say(&mut self, line: Arguments<'_>) {
        let text = format!("{}{line}\n", self.opening());
        if self.put(&text, IfFull::Drop) {
            self.standing = Standing::Nothing;
        } else {
            self.missed += 1;
        }
    }

    fn clear(&mut self) {
        if self.put(&self.opening(), IfFull::Drop) {
            self.standing = Standing::Nothing;
        }
    }

    /// What comes before any text: it takes away what stands, and tells of what is missing there.
    fn opening(&self) -> String {
        let mut opening = self.clearing();
        if self.missed > 0 {
            let lines = Plural(self.missed, "line");
            opening += &format!("mcast: {lines} left out here: they were not read in time\n");
        }
        opening
    }

    /// What takes away what stands, where stderr leads to it.
    fn clearing(&self) -> String {
        let is_shared = self.writers.as_ref().is_some_and(|writers| writers.is_shared);
        match self.standing {
            // To the line's start, and erase to its end (ECMA-48 EL).
            Standing::Progress => "\r\x1b[K".into(),
            Standing::Table(height) if is_shared => to_top_of(height) + "\x1b[J",
            _ => String::new(),
        }
    }

    /// Writes a text, in one write, so that lines of several programs don't mix. Whether it was taken.
    fn put(&mut self, text: &str, if_full: IfFull) -> bool {
        let is_taken = match &self.writers {
            Some(writers) => writers.stderr.print(text.as_bytes(), if_full),
            // Nobody is left to be told that it failed.
            None => io::stderr().write_all(text.as_bytes()).is_ok(),
        };
        if is_taken {
            self.missed = 0;
        }
        is_taken
    }

    fn put_on_stdout(&self, text: &str, if_full: IfFull) -> bool {
        let print = |writers: &Writers| writers.stdout.print(text.as_bytes(), if_full);
        self.writers.as_ref().is_some_and(print)
    }
}

/// Whether stdout and stderr lead to one terminal.
#[cfg(unix)]
fn is_one_terminal() -> bool {
    use std::fs::metadata;
    use std::os::unix::fs::MetadataExt;

    let device = |path| metadata(path).map(|metadata| metadata.rdev());
    io::stdout().is_terminal()
        && io::stderr().is_terminal()
        && matches!((device("/dev/stdout"), device("/dev/stderr")), (Ok(a), Ok(b)) if a == b)
}

/// Whether stdout and stderr lead to one terminal: a process has one at the most.
#[cfg(not(unix))]
fn is_one_terminal() -> bool {
    io::stdout().is_terminal() && io::stderr().is_terminal()
}

/// A style, where colours are wanted.
fn styled(style: Style) -> Style {
    match AutoStream::choice(&io::stderr()) {
        ColorChoice::Never => Style::new(),
        _ => style,
    }
}

/// Goes from the last of so many lines to the start of the first (ECMA-48 CUU).
fn to_top_of(height: usize) -> String {
    match height.saturating_sub(1) {
        0 => "\r".into(),
        up => format!("\r\x1b[{up}A"),
    }
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
