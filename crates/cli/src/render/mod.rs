//! How every verb's output looks, so that all of it is of one hand.

mod address;
mod json;
mod service;
mod sums;
mod text;

use std::io;
use std::time::{Duration, SystemTime};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use mcast_proto::{Event, Key, Loss, Path};

use crate::roster::{Roster, Row};

pub(crate) use address::Address;
pub(crate) use json::{Done, Told};
pub(crate) use service::Reach;
use sums::Sums;
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
    /// For people, who can't read what comes too fast.
    sums: Option<Sums>,
}

impl Renderer {
    /// A renderer for stdout: in colours where it is a terminal, unless the user wants otherwise.
    pub(crate) fn new(format: Format) -> Renderer {
        let palette = match AutoStream::choice(&io::stdout()) {
            ColorChoice::Never => Palette::PLAIN,
            _ => Palette::COLORED,
        };
        let sums = matches!(format, Format::Text | Format::Hex).then(|| Sums::new(palette));
        Renderer { format, palette, buffer: Vec::new(), roster: None, sums }
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
        if let Some(sums) = &self.sums
            && !sums.admits(&mut self.buffer, event, interface)
        {
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
    reason: Loss,
    row: Option<&'a Row>,
}

impl<'a> Lost<'a> {
    fn of(event: &Event<'_>, interface: Option<&'a str>, row: Option<&'a Row>) -> Option<Self> {
        let Event::Lost { key, from, reason, .. } = *event else { return None };
        let id = if let Key::Service(id) = key { Some(id) } else { None };
        // A lease that ends comes in by no interface.
        let interface = interface.or_else(|| row?.interface.as_deref());
        Some(Lost { id, from, interface, reason, row })
    }
}

/// The colours of text.
#[derive(Debug, Clone, Copy)]
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mcast_proto::service::Instance;
    use mcast_proto::wire::{Endpoint, Tlv, TlvBuf};
    use mcast_proto::{Body, Change, Finding, Protocol, Via};

    use super::*;

    /// What is written for a responder of each protocol that is found, changes and is lost.
    fn lines(format: Format) -> String {
        let mut tlvs = TlvBuf::new();
        for tlv in [
            Tlv::Service("printer"),
            Tlv::Name("lab\u{202e}3"),
            Tlv::Endpoint(Endpoint { address: None, port: 631 }),
        ] {
            tlvs.push(tlv).unwrap();
        }
        let path = |last| {
            let remote = ([10, 0, 0, last], 41_234).into();
            Path::new(remote)
        };
        let tlvs = tlvs.as_tlvs();
        let instance = Instance { id: 0xfeed, authentic: false, truncated: false, tlvs };
        let mut service = Finding::new(Protocol::MCAST, path(3), Body::Service(instance));
        service.round_trip = Some(Duration::from_micros(740));
        service.lease = Some(Duration::from_secs(120));
        let mut again = service;
        (again.round_trip, again.via) = (None, Via::Group);
        let says = |payload| {
            let body = Body::Plain { number: 1, payload };
            let mut finding = Finding::new(Protocol::PLAIN, path(2), body);
            finding.round_trip = Some(Duration::from_micros(410));
            finding
        };
        let lost = |finding: Finding<'static>, reason| {
            let (protocol, key, from) = (finding.protocol, finding.key(), finding.from);
            Event::Lost { protocol, key, from, reason }
        };
        let gone = |reason| {
            let (protocol, key) = (Protocol::MCAST, Key::Service(0xfeed));
            Event::Lost { protocol, key, from: path(3), reason }
        };
        let mut renderer = Renderer::new(format);
        renderer.palette = Palette::PLAIN;
        renderer.keep_roster();
        let mut lines = Vec::new();
        for (event, interface) in [
            (Event::Found(service), Some("eth0")),
            (Event::Changed { finding: again, change: Change::Restarted }, Some("eth0")),
            (gone(Loss::Expired), None),
            (gone(Loss::Goodbye), None),
            (Event::Found(says(b"Me!")), Some("eth0")),
            (Event::Changed { finding: says(b"\x1bMe!"), change: Change::Content }, Some("eth0")),
            (lost(says(b""), Loss::Unanswered), None),
        ] {
            lines.extend_from_slice(renderer.event(&event, interface, SystemTime::UNIX_EPOCH));
        }
        String::from_utf8(lines).unwrap()
    }

    #[test]
    fn a_watch_says_of_one_who_is_lost_who_it_was() {
        assert_eq!(
            lines(Format::Text),
            r"10.0.0.3:631           eth0       0.74 ms  printer  lab\u{202e}3
10.0.0.3:631           eth0    restarted   printer  lab\u{202e}3
10.0.0.3:631           eth0    lost        printer  lab\u{202e}3  (expired)
10.0.0.3:41234         -       lost        -  (goodbye)
10.0.0.2:41234         eth0       0.41 ms  Me!
10.0.0.2:41234         eth0    changed     \x1bMe!
10.0.0.2:41234         eth0    lost        \x1bMe!  (unanswered)
"
        );
        assert_eq!(lines(Format::Table), "");
    }

    #[test]
    fn a_watch_in_json_has_the_names_of_the_contract() {
        let epoch = r#""time":"1970-01-01T00:00:00.000000Z""#;
        let lines = lines(Format::Json).replace(epoch, "TIME");
        let lines: Vec<&str> = lines.lines().collect();
        for (line, expected) in [
            (
                1,
                concat!(
                    r#"{"event":"changed",TIME,"addr":"10.0.0.3:41234","interface":"eth0","#,
                    r#""rtt_ms":null,"service":"printer","name":"lab\u202e3","port":631,"txt":{},"#,
                    r#""id":"000000000000feed","endpoint":"10.0.0.3:631","via":"group","#,
                    r#""lease_ms":120000,"authentic":false,"truncated":false,"change":"restarted"}"#
                ),
            ),
            (
                2,
                concat!(
                    r#"{"event":"lost",TIME,"addr":"10.0.0.3:41234","interface":"eth0","#,
                    r#""service":"printer","name":"lab\u202e3","id":"000000000000feed","#,
                    r#""reason":"expired"}"#
                ),
            ),
            (
                5,
                concat!(
                    r#"{"event":"changed",TIME,"addr":"10.0.0.2:41234","interface":"eth0","#,
                    r#""rtt_ms":0.41,"payload":"\u001bMe!"}"#
                ),
            ),
            (
                6,
                concat!(
                    r#"{"event":"lost",TIME,"addr":"10.0.0.2:41234","interface":"eth0","#,
                    r#""reason":"unanswered"}"#
                ),
            ),
        ] {
            assert_eq!(lines[line], expected);
        }
    }
}
