//! Text for people: one line a record.

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use anstyle::Style;
use mcast_proto::Refusal;

use super::address::{Address, Host};
use super::described::Described;
use super::field::{Offer, Payload, Time, Word, text_or_dash};
use super::look::Look;
use super::record::{Asked, Found, Lost, Message, Record, Request};
use super::said::Said;
use crate::escape::Escaped;
use crate::throttle::Sum;

/// Appends the line of a record: when and what it is, where that is wanted, who, on which interface, the one fact
/// of this kind of record, and what was said. Columns are wide enough for most IPv4 networks; what is longer pushes the rest aside.
pub(super) fn line(buffer: &mut Vec<u8>, look: Look, record: &Record<'_>) {
    let mut line = Line { buffer, look };
    let result = match record {
        Record::Found(found) => line.found(found),
        Record::Changed(found) => line.changed(found),
        Record::Lost(lost) => line.lost(lost),
        Record::Request(request) => line.request(request),
        Record::Message(message) => line.message(message),
        Record::Described(described) => line.described(described),
    };
    result.expect("writing to memory does not fail");
}

/// Appends the line that stands for those that were left out until this time.
pub(super) fn sum(buffer: &mut Vec<u8>, look: Look, time: Time, sum: &Sum<'_>) {
    let mut line = Line { buffer, look };
    line.sum(time, sum).expect("writing to memory does not fail");
}

struct Line<'b> {
    buffer: &'b mut Vec<u8>,
    look: Look,
}

impl Line<'_> {
    fn found(&mut self, found: &Found<'_>) -> io::Result<()> {
        self.time(found.time)?;
        self.word(self.look.palette.found, "found")?;
        self.known(found, &[])
    }

    fn changed(&mut self, found: &Found<'_>) -> io::Result<()> {
        self.time(found.time)?;
        self.word(self.look.palette.changed, "changed")?;
        let Some(change) = found.change else { return self.known(found, &[]) };
        let change = match self.look.news {
            true => change.to_string(),
            false => format!("changed: {change}"),
        };
        self.known(found, &[change])
    }

    /// One who is there, with these notes before all others.
    fn known(&mut self, found: &Found<'_>, notes: &[String]) -> io::Result<()> {
        let detail = self.look.palette.detail;
        self.start(found.reach(), found.interface)?;
        match found.rtt_ms {
            Some(time) => self.column(detail, 10, time)?,
            None => self.column(detail, 10, "         -")?,
        }
        self.dialect(found.dialect)?;
        self.said_by(found)?;
        self.notes(&[notes, &found.notes(self.look.details)].concat())
    }

    fn said_by(&mut self, found: &Found<'_>) -> io::Result<()> {
        match (&found.offer, &found.payload) {
            (None, payload) => self.payload(payload.as_ref())?,
            (Some(offer), payload) => {
                self.offer(offer)?;
                if let Some(payload) = payload {
                    write!(self.buffer, "  says ")?;
                    self.payload(Some(payload))?;
                }
            }
        }
        for (name, text) in [("host", found.host), ("see", found.url)] {
            if let Some(text) = text {
                write!(self.buffer, "  {name} {}", Escaped(text.as_bytes()))?;
            }
        }
        Ok(())
    }

    fn lost(&mut self, lost: &Lost<'_>) -> io::Result<()> {
        let Lost { last, reason } = lost;
        self.time(last.time)?;
        self.word(self.look.palette.refused, "lost")?;
        self.start(last.reach(), last.interface)?;
        self.column(self.look.palette.detail, 10, "         -")?;
        self.dialect(last.dialect)?;
        match &last.offer {
            None => self.payload(last.payload.as_ref())?,
            Some(Offer { service, name, .. }) => {
                write!(self.buffer, "{}  {}", text_or_dash(*service), text_or_dash(*name))?;
            }
        }
        self.notes(&[reason.to_string()])
    }

    fn dialect(&mut self, dialect: &str) -> io::Result<()> {
        match self.look.dialects {
            true => self.column(self.look.palette.detail, 5, text_or_dash(Some(dialect))),
            false => Ok(()),
        }
    }

    fn request(&mut self, request: &Request<'_>) -> io::Result<()> {
        self.time(request.time)?;
        self.start(request.from, request.interface)?;
        self.answer(request.refused)?;
        match &request.asked {
            Asked::Plain(probe) => {
                self.payload(Some(probe))?;
                self.notes(&[])
            }
            Asked::Service { service, watch } => {
                match service {
                    Some(name) => write!(self.buffer, "service {}", Escaped(name.as_bytes()))?,
                    None => write!(self.buffer, "any service")?,
                }
                let notes = if *watch { &["to watch it".to_owned()][..] } else { &[] };
                self.notes(notes)
            }
            Asked::Other { question } => {
                write!(self.buffer, "{}", Escaped(question.as_bytes()))?;
                self.notes(&[])
            }
        }
    }

    fn answer(&mut self, refused: Option<Word<Refusal>>) -> io::Result<()> {
        match refused {
            None => self.column(self.look.palette.detail, 8, "answered"),
            Some(refusal) => self.column(self.look.palette.refused, 8, refusal),
        }
    }

    fn message(&mut self, message: &Message<'_>) -> io::Result<()> {
        let detail = self.look.palette.detail;
        self.time(message.time)?;
        self.start(message.from, message.interface)?;
        match message.group {
            None => self.column(detail, 15, "-")?,
            Some(group) => self.column(detail, 15, group)?,
        }
        match &message.meaning {
            Some(meaning) if !self.look.hex => {
                self.column(detail, 5, message.dialect)?;
                write!(self.buffer, "{meaning}")?;
            }
            _ => self.payload(Some(&message.payload))?,
        }
        self.notes(&[])
    }

    fn described(&mut self, described: &Described<'_>) -> io::Result<()> {
        self.start(described.device, described.interface)?;
        self.column(self.look.palette.detail, 10, "described")?;
        self.dialect(described.dialect)?;
        write!(self.buffer, "{described}")?;
        self.notes(&[])
    }

    fn sum(&mut self, at: Time, sum: &Sum<'_>) -> io::Result<()> {
        let Sum { from, lines, answered, time } = *sum;
        self.time(at)?;
        let interface = from.and_then(|(_, interface)| interface);
        match from {
            Some((ip, _)) => {
                self.start(
                    Host(Address { address: SocketAddr::new(ip, 0), interface }),
                    interface,
                )?;
            }
            None => self.start("many others", None)?,
        }
        let answered = match answered {
            None => String::new(),
            Some(0) => ", none answered".into(),
            Some(number) => format!(", {number} answered"),
        };
        writeln!(self.buffer, "{lines} more in {}{answered}", Seconds(time))
    }

    fn time(&mut self, time: Time) -> io::Result<()> {
        match self.look.times {
            true => self.column(self.look.palette.detail, 24, time),
            false => Ok(()),
        }
    }

    /// What has become of one, where that is told.
    fn word(&mut self, style: Style, word: &str) -> io::Result<()> {
        if self.look.news { self.column(style, 7, word) } else { Ok(()) }
    }

    fn start(&mut self, who: impl Display, interface: Option<&str>) -> io::Result<()> {
        self.column(self.look.palette.address, 21, who)?;
        self.column(self.look.palette.detail, 6, text_or_dash(interface))
    }

    fn column(&mut self, style: Style, width: usize, text: impl Display) -> io::Result<()> {
        write!(self.buffer, "{style}")?;
        let start = self.buffer.len();
        write!(self.buffer, "{text}")?;
        let padding = width.saturating_sub(self.buffer.len() - start) + 2;
        write!(self.buffer, "{style:#}{:padding$}", "")
    }

    fn offer(&mut self, offer: &Offer<'_>) -> io::Result<()> {
        write!(self.buffer, "{offer}")
    }

    fn payload(&mut self, payload: Option<&Payload<'_>>) -> io::Result<()> {
        match payload.map(Payload::as_bytes) {
            None => write!(self.buffer, "-"),
            Some(bytes) => write!(self.buffer, "{}", Said(bytes, self.look)),
        }
    }

    /// Ends the line.
    fn notes(&mut self, notes: &[String]) -> io::Result<()> {
        match notes {
            [] => writeln!(self.buffer),
            notes => writeln!(self.buffer, "  ({})", notes.join("; ")),
        }
    }
}

/// Displays how long a run took.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.0.as_secs_f64())
    }
}

/// Displays a number of things: `1 answer`, `2 answers`. The noun takes an s, or ends in -ies where it ended in -y.
pub(crate) struct Plural(pub(crate) u64, pub(crate) &'static str);

impl fmt::Display for Plural {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plural(number, noun) = self;
        match noun.strip_suffix('y') {
            _ if *number == 1 => write!(f, "{number} {noun}"),
            Some(stem) => write!(f, "{number} {stem}ies"),
            None => write!(f, "{number} {noun}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn what_was_left_out_has_a_line_that_says_whose_and_how_many() {
        let shown = |from, answered| {
            let mut buffer = Vec::new();
            let time = Duration::from_millis(1049);
            let sum = Sum { from, lines: 4980, answered, time };
            super::sum(&mut buffer, Look::PLAIN, Time(SystemTime::UNIX_EPOCH), &sum);
            String::from_utf8(buffer).unwrap()
        };
        let from = |ip: &str| Some((ip.parse().unwrap(), Some("eth0")));
        assert_eq!(
            shown(from("10.0.0.2"), Some(0)),
            "10.0.0.2               eth0    4980 more in 1.0 s, none answered\n"
        );
        assert_eq!(
            shown(from("fe80::2"), Some(20)),
            "fe80::2%eth0           eth0    4980 more in 1.0 s, 20 answered\n"
        );
        assert_eq!(shown(None, None), "many others            -       4980 more in 1.0 s\n");
    }
}
