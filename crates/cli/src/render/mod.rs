//! How every verb's output looks, so that all of it is of one hand: an event becomes a [`Record`], and JSON, text
//! and a table's rows are views of it.

mod address;
mod blocks;
mod done;
mod field;
mod id;
mod json;
mod record;
mod services;
mod sums;
mod text;

use std::time::{Duration, SystemTime};

use mcast_proto::Event;
use serde::Serialize;

use crate::devices::Devices;
use crate::roster::{Past, Roster};

pub(crate) use done::{Done, Told};
pub(crate) use record::Found;
use record::Record;
use sums::Sums;
use text::{Look, Palette};
pub(crate) use text::{Plural, Seconds};

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
    /// For people: a block a device, at the end.
    Blocks,
    /// A table shows who is there, and lines tell only what is not in it.
    Table,
}

/// Appends a value as a line of JSON that is harmless on a terminal.
pub(crate) fn json_line(buffer: &mut Vec<u8>, value: &impl Serialize) {
    json::line(buffer, value);
}

/// Turns events into what is written for them.
#[derive(Debug)]
pub(crate) struct Renderer {
    format: Format,
    look: Look,
    /// One for all events, so that none allocates.
    buffer: Vec<u8>,
    /// Who is there, for a watch.
    roster: Option<Roster>,
    /// For people, who can't read what comes too fast.
    sums: Option<Sums>,
    /// What devices have said, where that is told at the end.
    devices: Option<Devices>,
    /// Protocols and devices are told apart.
    names_devices: bool,
}

impl Renderer {
    /// With a roster it tells of one who is lost who it was.
    pub(crate) fn new(format: Format, has_colors: bool, roster: Option<Roster>) -> Renderer {
        let palette = if has_colors { Palette::COLORED } else { Palette::PLAIN };
        let details = log::log_enabled!(log::Level::Info);
        let look = Look { palette, hex: format == Format::Hex, details, dialects: false };
        let sums = matches!(format, Format::Text | Format::Hex).then(|| Sums::new(palette));
        let devices = (format == Format::Blocks).then(Devices::default);
        let names_devices = devices.is_some();
        Renderer { format, look, buffer: Vec::new(), roster, sums, devices, names_devices }
    }

    /// The same for a run in several protocols, which tells each thing's protocol and device.
    pub(crate) fn naming_devices(mut self) -> Renderer {
        (self.names_devices, self.look.dialects) = (true, true);
        self
    }

    /// What to write for an event that was heard on `interface` at `time`.
    pub(crate) fn event(
        &mut self,
        event: &Event<'_>,
        interface: Option<&str>,
        time: SystemTime,
    ) -> &[u8] {
        self.buffer.clear();
        if let Some(devices) = &mut self.devices {
            devices.note(event, interface, time);
            return &self.buffer;
        }
        let past = match &self.roster {
            Some(roster) => roster.note(event, interface, time),
            None => Past::default(),
        };
        if let Some(sums) = &self.sums
            && !sums.admits(&mut self.buffer, event, interface)
        {
            return &self.buffer;
        }
        let mut record = Record::of(event, interface, time, &past);
        if self.names_devices {
            record = record.with_device();
        }
        match (self.format, &record) {
            (Format::Json, _) => json::line(&mut self.buffer, &record),
            (Format::Raw, Record::Message(message)) => {
                self.buffer.extend_from_slice(message.payload.as_bytes());
            }
            (Format::Table, Record::Found(_) | Record::Changed(_) | Record::Lost(_)) => {}
            (_, _) => {
                text::line(&mut self.buffer, self.look, &record);
            }
        }
        &self.buffer
    }

    /// What appends the sums that are due though nothing happens, and says when to be called again.
    pub(crate) fn due(&self) -> impl FnMut(&mut Vec<u8>) -> Option<Duration> + Send + 'static {
        let sums = self.sums.clone();
        move |buffer| sums.as_ref()?.append(buffer)
    }

    /// What to write when no more events come.
    pub(crate) fn rest(&mut self) -> &[u8] {
        self.buffer.clear();
        if let Some(sums) = &self.sums {
            sums.append_rest(&mut self.buffer);
        }
        if let Some(devices) = &self.devices {
            blocks::append(&mut self.buffer, self.look, devices);
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

#[cfg(test)]
mod tests;
