//! Text for people: one line an event.

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use anstyle::Style;
use data_encoding::HEXLOWER;
use mcast_proto::{Body, Event, Finding, Path, Question, Refusal};

use super::address::Host;
use super::service::{Offered, Reach};
use super::{Address, Lost, Palette};
use crate::escape::Escaped;
use crate::throttle::Sum;

/// Appends the line of an event: who, on which interface, the one fact of this kind of event, and what
/// was said. Columns are wide enough for most IPv4 networks; what is longer pushes the rest aside.
pub(super) fn event(
    buffer: &mut Vec<u8>,
    palette: &Palette,
    event: &Event<'_>,
    interface: Option<&str>,
    hex: bool,
) {
    let result = match event {
        Event::Found(finding) => found_start(buffer, palette, finding, interface)
            .and_then(|()| round_trip(buffer, palette, finding.round_trip))
            .and_then(|()| said(buffer, finding, hex)),
        Event::Changed { finding, change } => found_start(buffer, palette, finding, interface)
            .and_then(|()| match finding.body {
                Body::Plain { .. } => column(buffer, palette.changed, 10, "changed"),
                _ => column(buffer, palette.changed, 10, change),
            })
            .and_then(|()| said(buffer, finding, hex)),
        Event::Asked { from, question: Question::Plain(payload), refused, .. } => {
            start(buffer, palette, from, interface)
                .and_then(|()| answer(buffer, palette, *refused))
                .and_then(|()| end(buffer, payload, hex))
        }
        Event::Message { from, group, payload, .. } => start(buffer, palette, from, interface)
            .and_then(|()| match group {
                None => column(buffer, palette.detail, 15, "-"),
                Some(address) => {
                    let group = Address { address: *address, interface };
                    column(buffer, palette.detail, 15, group)
                }
            })
            .and_then(|()| end(buffer, payload, hex)),
        Event::Asked { from, question: Question::Service { name, .. }, refused, .. } => {
            start(buffer, palette, from, interface)
                .and_then(|()| answer(buffer, palette, *refused))
                .and_then(|()| match name {
                    Some(name) => writeln!(buffer, "service {}", Escaped(name.as_bytes())),
                    None => writeln!(buffer, "any service"),
                })
        }
        // A kind of event that no verb asks for.
        _ => Ok(()),
    };
    result.expect("writing to memory does not fail");
}

/// Appends the line of one who is gone.
pub(super) fn lost(buffer: &mut Vec<u8>, palette: &Palette, lost: &Lost<'_>) {
    let Lost { from, interface, reason, row, .. } = lost;
    let result = match row {
        Some(row) => column(buffer, palette.address, 21, &row.address)
            .and_then(|()| interface_column(buffer, palette, *interface))
            .and_then(|()| column(buffer, palette.refused, 10, "lost"))
            .and_then(|()| match &row.said {
                Some(said) => write!(buffer, "{said}"),
                None => write!(buffer, "{}  {}", escaped(&row.service), escaped(&row.name)),
            }),
        None => start(buffer, palette, from, *interface)
            .and_then(|()| column(buffer, palette.refused, 10, "lost"))
            .and_then(|()| write!(buffer, "-")),
    };
    result
        .and_then(|()| writeln!(buffer, "  ({reason})"))
        .expect("writing to memory does not fail");
}

/// Appends the line that stands for those that were left out.
pub(super) fn sum(buffer: &mut Vec<u8>, palette: &Palette, sum: &Sum<'_>) {
    let Sum { from, lines, answered, time } = *sum;
    let interface = from.and_then(|(_, interface)| interface);
    let result = match from {
        Some((ip, _)) => {
            let host = Host(Address { address: SocketAddr::new(ip, 0), interface });
            column(buffer, palette.address, 21, host)
        }
        None => column(buffer, palette.address, 21, "many others"),
    };
    let answered = match answered {
        None => String::new(),
        Some(0) => ", none answered".into(),
        Some(number) => format!(", {number} answered"),
    };
    result
        .and_then(|()| interface_column(buffer, palette, interface))
        .and_then(|()| writeln!(buffer, "{lines} more in {}{answered}", Seconds(time)))
        .expect("writing to memory does not fail");
}

/// A text off the network that may be missing.
fn escaped(text: &Option<String>) -> Escaped<'_> {
    Escaped(text.as_deref().unwrap_or("-").as_bytes())
}

fn start(
    buffer: &mut Vec<u8>,
    palette: &Palette,
    from: &Path,
    interface: Option<&str>,
) -> io::Result<()> {
    let address = Address { address: from.remote, interface };
    column(buffer, palette.address, 21, address)?;
    interface_column(buffer, palette, interface)
}

fn interface_column(
    buffer: &mut Vec<u8>,
    palette: &Palette,
    interface: Option<&str>,
) -> io::Result<()> {
    column(buffer, palette.detail, 6, Escaped(interface.unwrap_or("-").as_bytes()))
}

/// As [`start`], with the address at which the service is to be reached.
fn found_start(
    buffer: &mut Vec<u8>,
    palette: &Palette,
    finding: &Finding<'_>,
    interface: Option<&str>,
) -> io::Result<()> {
    column(buffer, palette.address, 21, Reach { finding: *finding, interface })?;
    interface_column(buffer, palette, interface)
}

fn said(buffer: &mut Vec<u8>, finding: &Finding<'_>, hex: bool) -> io::Result<()> {
    match finding.body {
        Body::Plain { payload, .. } => end(buffer, payload, hex),
        _ => writeln!(buffer, "{}", Offered(*finding)),
    }
}

fn round_trip(buffer: &mut Vec<u8>, palette: &Palette, time: Option<Duration>) -> io::Result<()> {
    match time {
        Some(time) => column(buffer, palette.detail, 10, Milliseconds(time)),
        None => column(buffer, palette.detail, 10, "-"),
    }
}

fn answer(buffer: &mut Vec<u8>, palette: &Palette, refused: Option<Refusal>) -> io::Result<()> {
    match refused {
        None => column(buffer, palette.detail, 8, "answered"),
        Some(refusal) => column(buffer, palette.refused, 8, refusal),
    }
}

fn column(buffer: &mut Vec<u8>, style: Style, width: usize, text: impl Display) -> io::Result<()> {
    write!(buffer, "{style}")?;
    let start = buffer.len();
    write!(buffer, "{text}")?;
    let padding = width.saturating_sub(buffer.len() - start) + 2;
    write!(buffer, "{style:#}{:padding$}", "")
}

fn end(buffer: &mut Vec<u8>, payload: &[u8], hex: bool) -> io::Result<()> {
    if hex {
        writeln!(buffer, "{}", HEXLOWER.encode_display(payload))
    } else {
        writeln!(buffer, "{}", Escaped(payload))
    }
}

/// Displays a round-trip time.
pub(crate) struct Milliseconds(pub(crate) Duration);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:7.2} ms", self.0.as_secs_f64() * 1000.0)
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
    use mcast_proto::Protocol;

    use super::*;

    fn path(remote: &str) -> Path {
        Path::new(remote.parse().unwrap())
    }

    fn found(from: Path, payload: &[u8], round_trip: Duration) -> Event<'_> {
        let body = Body::Plain { number: 1, payload };
        let mut finding = Finding::new(Protocol::PLAIN, from, body);
        finding.round_trip = Some(round_trip);
        Event::Found(finding)
    }

    fn shown(event: &Event<'_>, hex: bool) -> String {
        let mut buffer = Vec::new();
        super::event(&mut buffer, &Palette::PLAIN, event, Some("eth0"), hex);
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn each_kind_of_event_has_its_line() {
        let from = path("10.0.0.2:50008");
        let found = found(from, b"Me!", Duration::from_micros(412));
        assert_eq!(shown(&found, false), "10.0.0.2:50008         eth0       0.41 ms  Me!\n");

        let payload = b"who's there?";
        let asked = |refused| {
            let (protocol, question) = (Protocol::PLAIN, Question::Plain(payload));
            Event::Asked { protocol, from, question, refused }
        };
        let answered = asked(None);
        let line = "10.0.0.2:50008         eth0    answered  who's there?\n";
        assert_eq!(shown(&answered, false), line);

        let refused = asked(Some(Refusal::OffLink));
        let line = "10.0.0.2:50008         eth0    off-link  who's there?\n";
        assert_eq!(shown(&refused, false), line);

        let group = Some("224.1.1.1:50008".parse().unwrap());
        let protocol = Protocol::PLAIN;
        let message = Event::Message { protocol, from, group, payload: b"\xffa" };
        let line = "10.0.0.2:50008         eth0    224.1.1.1:50008  ff61\n";
        assert_eq!(shown(&message, true), line);
    }

    #[test]
    fn what_was_left_out_has_a_line_that_says_whose_and_how_many() {
        let shown = |from, answered| {
            let mut buffer = Vec::new();
            let time = Duration::from_millis(1049);
            super::sum(&mut buffer, &Palette::PLAIN, &Sum { from, lines: 4980, answered, time });
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

    #[test]
    fn what_came_off_the_network_leaves_one_harmless_line() {
        let payload = "\x1b]0;owned\x07\r\nMe!\u{202e}\u{2028}".as_bytes();
        let from = path("10.0.0.2:1");
        let found = found(from, payload, Duration::ZERO);
        let line = shown(&found, false);
        assert!(line.ends_with("  \\x1b]0;owned\\x07\\r\\nMe!\\u{202e}\\u{2028}\n"), "{line}");
        assert_eq!(line.lines().count(), 1);
    }
}
