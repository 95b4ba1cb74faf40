//! How every verb's output looks, so that all of it is of one hand.

mod address;
mod json;
mod service;
mod text;

use std::io;
use std::time::SystemTime;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use mcast_proto::{Event, Path};

use crate::roster::{Roster, Row};

pub(crate) use address::Address;
pub(crate) use json::{Done, InterfaceDone, Told};
pub(crate) use service::Reach;
pub(crate) use text::{Milliseconds, Plural, Seconds};

/// The form of the lines on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people: one line an event, payloads as escaped text.
    Text,
    /// The same, payloads in hexadecimal.
    Hex,
    /// JSON Lines.
    Json,
    /// The payloads' bytes and nothing else.
    Raw,
    /// Nothing: a table shows who is there.
    Table,
}

/// Turns events into what is written for them.
#[derive(Debug)]
pub(crate) struct Renderer {
    format: Format,
    palette: Palette,
    /// One for all events, so that none allocates.
    buffer: Vec<u8>,
    /// Who is there, for a watch.
    roster: Option<Roster>,
}

impl Renderer {
    /// A renderer for stdout: in colours where it is a terminal, unless the user wants otherwise.
    pub(crate) fn new(format: Format) -> Renderer {
        let palette = match AutoStream::choice(&io::stdout()) {
            ColorChoice::Never => Palette::PLAIN,
            _ => Palette::COLORED,
        };
        Renderer { format, palette, buffer: Vec::new(), roster: None }
    }

    /// From now on it keeps a list of who is there, and so knows of one who is lost who it was.
    pub(crate) fn keep_roster(&mut self) -> Roster {
        self.roster.get_or_insert_default().clone()
    }

    /// What to write for an event that was heard on `interface` at `time`.
    pub(crate) fn event(
        &mut self,
        event: &Event<'_>,
        interface: Option<&str>,
        time: SystemTime,
    ) -> &[u8] {
        self.buffer.clear();
        let gone = self.roster.as_ref().and_then(|roster| roster.note(event, interface, time));
        if let Some(lost) = Lost::of(event, interface, gone.as_ref()) {
            match self.format {
                Format::Json => json::lost(&mut self.buffer, &lost, time),
                Format::Table => {}
                _ => text::lost(&mut self.buffer, &self.palette, &lost),
            }
            return &self.buffer;
        }
        match (self.format, event) {
            (Format::Table, _) => {}
            (Format::Json, _) => json::event(&mut self.buffer, event, interface, time),
            (Format::Raw, Event::Message { payload, .. }) => self.buffer.extend_from_slice(payload),
            (format, _) => text::event(
                &mut self.buffer,
                &self.palette,
                event,
                interface,
                format == Format::Hex,
            ),
        }
        &self.buffer
    }

    /// What to write at the end: only JSON says on stdout that it is the end.
    pub(crate) fn done(&mut self, done: &Done<'_>) -> &[u8] {
        self.buffer.clear();
        if self.format == Format::Json {
            json::line(&mut self.buffer, done);
        }
        &self.buffer
    }
}

/// A responder that is gone, and what is known of it from before.
struct Lost<'a> {
    /// Its number, by the structured protocol.
    id: Option<u64>,
    from: Path,
    interface: Option<&'a str>,
    /// How that is known, in a word.
    reason: &'static str,
    row: Option<&'a Row>,
}

impl<'a> Lost<'a> {
    fn of(event: &Event<'_>, interface: Option<&'a str>, row: Option<&'a Row>) -> Option<Self> {
        let (id, from, reason) = match event {
            Event::Lost { from } => (None, *from, "unanswered"),
            Event::ServiceLost { id, from, reason } => (Some(*id), *from, service::loss(*reason)),
            _ => return None,
        };
        // A lease that ends comes in by no interface.
        let interface = interface.or_else(|| row?.interface.as_deref());
        Some(Lost { id, from, interface, reason, row })
    }
}

/// The colours of text.
#[derive(Debug)]
struct Palette {
    address: Style,
    detail: Style,
    refused: Style,
    changed: Style,
}

impl Palette {
    const PLAIN: Palette = Palette {
        address: Style::new(),
        detail: Style::new(),
        refused: Style::new(),
        changed: Style::new(),
    };
    const COLORED: Palette = Palette {
        address: AnsiColor::Green.on_default().bold(),
        detail: Style::new().dimmed(),
        refused: AnsiColor::Yellow.on_default(),
        changed: AnsiColor::Cyan.on_default(),
    };
}
