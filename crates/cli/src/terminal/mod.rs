//! What a person sees: results on stdout, and what is said beside them on stderr.
//!
//! A status line or a frame stands at the bottom of a terminal and gives way to everything else, so whatever is
//! written goes through here. While a run goes on nobody waits for whoever reads: what he does not take of what is
//! said is left out, and he is told how much; what becomes of lines on stdout the run says.

mod keys;
mod log;
mod output;
mod stream;

pub(crate) use keys::{Key, Keyboard};
pub(crate) use log::show_log;
pub(crate) use output::{IfFull, Output, Reader, Trouble, explain};
pub(crate) use stream::Stream;

use std::fmt::{Arguments, Display};
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use anstyle::{AnsiColor, Style};
use terminal_size::{Height, Width, terminal_size_of};

use crate::escape::OneLine;
use crate::render::Plural;
use stream::Streams;

/// The only one: a process has one stdout and one stderr.
pub(crate) static TERMINAL: Terminal =
    Terminal { streams: OnceLock::new(), screen: Mutex::new(Screen::EMPTY) };

/// Stdout and stderr, whether or not they lead to a terminal.
pub(crate) struct Terminal {
    /// Where they lead is looked at once.
    streams: OnceLock<Streams>,
    screen: Mutex<Screen>,
}

/// What stands there.
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
    are_one: bool,
}

/// What stands at the bottom of the terminal and gives way.
#[derive(Clone, Copy)]
enum Standing {
    Nothing,
    /// A status line, on stderr.
    Status,
    /// A frame of so many lines, on stdout.
    Frame(usize),
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const DETAIL: Style = Style::new().dimmed();

impl Terminal {
    /// Where stdout leads.
    pub(crate) fn stdout(&self) -> Stream {
        self.streams().stdout
    }

    /// Where stderr leads.
    pub(crate) fn stderr(&self) -> Stream {
        self.streams().stderr
    }

    /// Columns and lines of the terminal that stdout leads to.
    pub(crate) fn size(&self) -> (usize, usize) {
        match terminal_size_of(io::stdout()) {
            Some((Width(width), Height(height))) => (width.into(), height.into()),
            None => (80, 24),
        }
    }

    /// From now on nothing waits to be read: `stdout` writes the lines of results, and a thread, or, where it
    /// leads to the same terminal, that one's, what is said.
    pub(crate) fn hand_over(&self, stdout: &Output) -> io::Result<()> {
        let are_one = self.streams().are_one;
        let stderr = match are_one {
            true => stdout.clone(),
            // Whoever reads neither hears of what is wrong with it.
            false => Output::start("stderr", io::stderr(), Reader::Optional, |_| None, |_| {})?,
        };
        self.lock().writers = Some(Writers { stdout: stdout.clone(), stderr, are_one });
        Ok(())
    }

    /// Waits until all is written that was said, but not for a reader that has stopped.
    pub(crate) fn finish(&self) {
        self.catch_up();
        let mut screen = self.lock();
        screen.clear();
        let writers = screen.writers.take();
        drop(screen);
        if let Some(Writers { stderr, .. }) = writers {
            // Nobody is left to be told what was not read.
            let _ = stderr.finish(IfFull::Drop);
        }
    }

    /// Writes a line of results, or nothing if it is empty; whether it was taken.
    pub(crate) fn print(&self, line: &[u8], if_full: IfFull) -> bool {
        let mut screen = self.lock();
        let Some(Writers { stdout, are_one, .. }) = &screen.writers else {
            return io::stdout().write_all(line).is_ok();
        };
        let (stdout, are_one) = (stdout.clone(), *are_one);
        if are_one && !line.is_empty() {
            screen.clear();
        }
        // Who waits for room keeps nobody from saying something.
        drop(screen);
        stdout.print(line, if_full)
    }

    /// Says a line, whatever names of interfaces are in it.
    pub(crate) fn say(&self, line: Arguments<'_>) {
        self.lock().say(format_args!("{}", OneLine(line)));
    }

    /// Says what went wrong, unless a warning has said just that.
    pub(crate) fn error(&self, message: impl Display) {
        let (style, message) = (self.styled(ERROR), OneLine(message).to_string());
        let mut screen = self.lock();
        if screen.warning != message {
            screen.say(format_args!("{style}mcast:{style:#} {message}"));
        }
    }

    /// Says what may be wrong, or what to try.
    pub(crate) fn warn(&self, message: impl Display) {
        let (style, message) = (self.styled(WARNING), OneLine(message).to_string());
        let mut screen = self.lock();
        screen.say(format_args!("{style}mcast:{style:#} {message}"));
        screen.warning = message;
    }

    /// Says what is of interest to those alone who asked for more.
    fn detail(&self, line: Arguments<'_>) {
        let (style, line) = (self.styled(DETAIL), OneLine(line));
        self.lock().say(format_args!("{style}{line}{style:#}"));
    }

    /// Puts a status line in the place of the one that stands, unless the terminal is slow, or can't erase it.
    pub(crate) fn status(&self, line: impl Display) {
        if !self.stderr().can_erase {
            return;
        }
        let style = self.styled(DETAIL);
        let mut screen = self.lock();
        let line = format!("{}{style}{}{style:#}", screen.opening(), OneLine(line));
        if screen.put(&line, IfFull::Skip) {
            screen.standing = Standing::Status;
        }
    }

    /// Puts lines on stdout, which can erase, in the place of those that stand, or on an empty screen. Whether it
    /// did: where the terminal is slow it leaves out those that come too soon.
    pub(crate) fn frame(&self, lines: &[String], on_empty_screen: bool) -> bool {
        let mut screen = self.lock();
        let mut frame = match screen.standing {
            // Home, and erase to the end (ECMA-48 CUP, ED).
            Standing::Frame(_) if on_empty_screen => "\x1b[H\x1b[J".into(),
            Standing::Frame(height) => to_top_of(height),
            _ => screen.clearing(),
        };
        // What stood there is written over, and only the rest erased, so that nothing flickers.
        frame.push_str(&lines.join("\x1b[K\r\n"));
        frame.push_str("\x1b[K\x1b[J");
        let is_shown = screen.put_on_stdout(&frame, IfFull::Skip);
        if is_shown {
            screen.standing = Standing::Frame(lines.len());
        }
        is_shown
    }

    /// Takes a status line away, and leaves a frame where it is, for good. What is said now finds room.
    pub(crate) fn settle(&self) {
        self.catch_up();
        let mut screen = self.lock();
        if let Standing::Frame(_) = screen.standing {
            screen.put_on_stdout("\r\n", IfFull::Drop);
            screen.standing = Standing::Nothing;
        }
        screen.clear();
    }

    /// Goes on after a stop: a shell has written below what stood there, and that is out of reach.
    #[cfg(unix)]
    pub(crate) fn resume(&self) {
        self.lock().standing = Standing::Nothing;
        Keyboard::resume();
    }

    /// Where lines were left out, gives a reader that is merely slow the time to come after.
    fn catch_up(&self) {
        let screen = self.lock();
        let stderr = screen.writers.as_ref().map(|writers| writers.stderr.clone());
        let is_late = screen.missed > 0;
        drop(screen);
        if let Some(stderr) = stderr.filter(|_| is_late) {
            stderr.catch_up();
        }
    }

    /// A style of what is said, where colours are wanted.
    fn styled(&self, style: Style) -> Style {
        if self.stderr().has_colors { style } else { Style::new() }
    }

    fn streams(&self) -> Streams {
        *self.streams.get_or_init(Streams::look)
    }

    fn lock(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Screen {
    const EMPTY: Screen =
        Screen { writers: None, standing: Standing::Nothing, warning: String::new(), missed: 0 };

    fn say(&mut self, line: Arguments<'_>) {
        let text = format!("{}{line}\n", self.opening());
        if self.put(&text, IfFull::Drop) {
            self.standing = Standing::Nothing;
        } else {
            self.missed += 1;
        }
    }

    /// Takes away what stands.
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
        let are_one = self.writers.as_ref().is_some_and(|writers| writers.are_one);
        match self.standing {
            // To the line's start, and erase to its end (ECMA-48 EL).
            Standing::Status => "\r\x1b[K".into(),
            Standing::Frame(height) if are_one => to_top_of(height) + "\x1b[J",
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

/// Goes from the last of so many lines to the start of the first (ECMA-48 CUU).
fn to_top_of(height: usize) -> String {
    match height.saturating_sub(1) {
        0 => "\r".into(),
        up => format!("\r\x1b[{up}A"),
    }
}
