//! How every verb's output looks, so that all of it is of one hand: an event becomes a [`Record`], and JSON, text
//! and a table's rows are views of it.

mod address;
mod blocks;
mod described;
mod done;
mod field;
mod id;
mod json;
mod look;
mod ready;
mod record;
mod said;
mod sentence;
mod services;
mod sums;
mod text;
mod wrong;

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use mcast_proto::Event;
use serde::Serialize;

use crate::describing;
use crate::devices::Devices;
use crate::escape::OneLine;
use crate::failure::Failure;
use crate::roster::{Past, Roster};

use described::Described;
pub(crate) use done::{Done, Requests, Told};
use field::Time;
use look::{Look, Palette};
use ready::Ready;
pub(crate) use record::Found;
use record::Record;
use sums::Sums;
pub(crate) use text::{Plural, Seconds};
use wrong::Wrong;

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

/// What went wrong, as a line of JSON that is whole without any other.
pub(crate) fn error_line(time: SystemTime, code: u8, message: &str) -> Vec<u8> {
    let mut buffer = Vec::new();
    json::line(&mut buffer, &Wrong::new(Time(time), code, message));
    buffer
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
    /// Further addresses of those who were found, which have no line.
    further: u64,
}

/// What a line shows of what somebody said, where it goes to a terminal: as much as one frame of Ethernet carries.
const MOST_SHOWN: usize = 1500;

impl Renderer {
    /// With a roster it tells of one who is lost who it was.
    pub(crate) fn new(format: Format, has_colors: bool, roster: Option<Roster>) -> Renderer {
        let palette = if has_colors { Palette::COLORED } else { Palette::PLAIN };
        let details = log::log_enabled!(log::Level::Info);
        let (hex, news) = (format == Format::Hex, roster.is_some());
        let look = Look { palette, hex, details, times: news, news, ..Look::PLAIN };
        let sums = matches!(format, Format::Text | Format::Hex).then(|| Sums::new(look));
        let devices = (format == Format::Blocks).then(Devices::default);
        let names_devices = devices.is_some();
        let buffer = Vec::new();
        Renderer { format, look, buffer, roster, sums, devices, names_devices, further: 0 }
    }

    /// The same with the time before each line.
    pub(crate) fn with_times(mut self) -> Renderer {
        self.look.times = true;
        self.sums = self.sums.map(|_| Sums::new(self.look));
        self
    }

    /// The same for a terminal, on which nobody finds his way in a line of a thousand columns.
    pub(crate) fn for_terminal(mut self) -> Renderer {
        self.look.most = Some(MOST_SHOWN);
        self
    }

    /// How many further addresses of those who were found have had no line.
    pub(crate) fn further(&self) -> u64 {
        self.further
    }

    /// The same for a run in several protocols, which tells each thing's protocol and device.
    pub(crate) fn naming_devices(mut self) -> Renderer {
        (self.names_devices, self.look.dialects) = (true, true);
        self
    }

    /// What to write when all is open and the waiting begins: only JSON says on stdout that it does.
    pub(crate) fn ready(
        &mut self,
        time: SystemTime,
        groups: &[SocketAddr],
        interfaces: &[&str],
        told: &Told,
    ) -> &[u8] {
        self.buffer.clear();
        if self.format == Format::Json {
            let ready = Ready::new(Time(time), groups, interfaces, told.asked());
            json::line(&mut self.buffer, &ready);
        }
        &self.buffer
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
            // A line for each who is found: that it has another address is no news where nobody waits for news.
            (Format::Text, Record::Changed(found))
                if !self.look.news && !self.look.details && found.has_moved() =>
            {
                self.further += 1;
            }
            (_, _) => {
                text::line(&mut self.buffer, self.look, &record);
            }
        }
        &self.buffer
    }

    /// What to write for what a device says of itself at its URL.
    pub(crate) fn described(
        &mut self,
        described: &describing::Described,
        time: SystemTime,
    ) -> &[u8] {
        self.buffer.clear();
        match (&mut self.devices, self.format) {
            (Some(devices), _) => devices.describe(described, time),
            (None, Format::Json) => {
                let record = Record::Described(Described::of(described, Time(time)));
                json::line(&mut self.buffer, &record);
            }
            (None, _) => {
                let record = Record::Described(Described::of(described, Time(time)));
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

    /// What to write when it has failed: only JSON says so on stdout.
    pub(crate) fn error(&self, failure: &Failure, time: SystemTime) -> Vec<u8> {
        match self.format {
            Format::Json => {
                let message = OneLine(failure).to_string();
                error_line(time, failure.code(), &message)
            }
            _ => Vec::new(),
        }
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
