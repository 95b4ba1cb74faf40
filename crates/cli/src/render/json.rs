//! JSON Lines for programs: one object an event. Names and order are a contract.

use std::io;
use std::time::{Duration, SystemTime};

use data_encoding::BASE64;
use mcast_net::{InterfaceReport, Refused, Report};
use mcast_proto::{Body, Change, Doubts, Event, Finding, Loss, Question, Refusal};
use serde::{Serialize, Serializer};
use serde_json::ser::{Formatter, Serializer as JsonSerializer};

use super::service::{Fields, Id, Word};
use super::{Address, Lost};
use crate::escape::is_deceptive;

/// Appends the line of an event.
pub(super) fn event(
    buffer: &mut Vec<u8>,
    event: &Event<'_>,
    interface: Option<&str>,
    time: SystemTime,
) {
    let time = Time(time);
    match event {
        Event::Found(finding) => found(buffer, "found", time, finding, interface, None),
        Event::Changed { finding, change } => {
            found(buffer, "changed", time, finding, interface, Some(Word(*change)));
        }
        Event::Asked { from, question: Question::Plain(payload), refused, .. } => line(
            buffer,
            &Request {
                event: "request",
                time,
                from: Address { address: from.remote, interface },
                interface,
                payload: Payload::from(*payload),
                answered: refused.is_none(),
                refused: refused.map(Word),
            },
        ),
        Event::Message { from, group, payload, .. } => line(
            buffer,
            &Message {
                event: "message",
                time,
                from: Address { address: from.remote, interface },
                group: group.map(|address| Address { address, interface }),
                interface,
                len: payload.len(),
                payload: Payload::from(*payload),
            },
        ),
        Event::Asked { from, question: Question::Service { name, watch }, refused, .. } => line(
            buffer,
            &Query {
                event: "request",
                time,
                from: Address { address: from.remote, interface },
                interface,
                service: *name,
                watch: *watch,
                answered: refused.is_none(),
                refused: refused.map(Word),
            },
        ),
        // A kind of event that no verb asks for.
        _ => {}
    }
}

fn found(
    buffer: &mut Vec<u8>,
    event: &'static str,
    time: Time,
    finding: &Finding<'_>,
    interface: Option<&str>,
    change: Option<Word<Change>>,
) {
    match finding.body {
        Body::Plain { payload, .. } => line(
            buffer,
            &Found {
                event,
                time,
                addr: Address { address: finding.from.remote, interface },
                interface,
                rtt_ms: finding.round_trip.map(milliseconds),
                payload: Payload::from(payload),
            },
        ),
        _ => line(buffer, &Service::of(event, time, finding, interface, change)),
    }
}

/// Appends the line of one who is gone.
pub(super) fn lost(buffer: &mut Vec<u8>, lost: &Lost<'_>, time: SystemTime) {
    let Lost { id, from, interface, reason, row } = *lost;
    let lost = LostLine {
        event: "lost",
        time: Time(time),
        addr: Address { address: from.remote, interface },
        interface,
        service: row.and_then(|row| row.service.as_deref()),
        name: row.and_then(|row| row.name.as_deref()),
        id: id.map(Id),
        reason: Word(reason),
    };
    line(buffer, &lost);
}

/// Appends a value as a line.
pub(super) fn line(buffer: &mut Vec<u8>, value: &impl Serialize) {
    let mut serializer = JsonSerializer::with_formatter(&mut *buffer, Harmless);
    value.serialize(&mut serializer).expect("writing to memory does not fail");
    buffer.push(b'\n');
}

#[derive(Serialize)]
struct Found<'a> {
    event: &'static str,
    time: Time,
    addr: Address<'a>,
    interface: Option<&'a str>,
    rtt_ms: Option<f64>,
    #[serde(flatten)]
    payload: Payload<'a>,
}

#[derive(Serialize)]
struct Request<'a> {
    event: &'static str,
    time: Time,
    from: Address<'a>,
    interface: Option<&'a str>,
    #[serde(flatten)]
    payload: Payload<'a>,
    answered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Word<Refusal>>,
}

#[derive(Serialize)]
struct Message<'a> {
    event: &'static str,
    time: Time,
    from: Address<'a>,
    group: Option<Address<'a>>,
    interface: Option<&'a str>,
    len: usize,
    #[serde(flatten)]
    payload: Payload<'a>,
}

/// A responder of the structured protocol that was found, or has changed.
#[derive(Serialize)]
struct Service<'a> {
    event: &'static str,
    time: Time,
    addr: Address<'a>,
    interface: Option<&'a str>,
    rtt_ms: Option<f64>,
    #[serde(flatten)]
    fields: Fields<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<Word<Change>>,
}

impl<'a> Service<'a> {
    fn of(
        event: &'static str,
        time: Time,
        finding: &Finding<'a>,
        interface: Option<&'a str>,
        change: Option<Word<Change>>,
    ) -> Service<'a> {
        Service {
            event,
            time,
            addr: Address { address: finding.from.remote, interface },
            interface,
            rtt_ms: finding.round_trip.map(milliseconds),
            fields: Fields::of(*finding, interface),
            change,
        }
    }
}

#[derive(Serialize)]
struct LostLine<'a> {
    event: &'static str,
    time: Time,
    addr: Address<'a>,
    interface: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Id>,
    reason: Word<Loss>,
}

#[derive(Serialize)]
struct Query<'a> {
    event: &'static str,
    time: Time,
    from: Address<'a>,
    interface: Option<&'a str>,
    /// What was asked for; null: any service.
    service: Option<&'a str>,
    watch: bool,
    answered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Word<Refusal>>,
}

/// The last line of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Done<'a> {
    event: &'static str,
    #[serde(flatten)]
    discovery: Option<DiscoveryDone<'a>>,
    sent: u64,
    received: u64,
    ignored: u64,
    kernel_drops: u64,
    elapsed_ms: f64,
    interfaces: Vec<InterfaceDone<'a>>,
}

/// What the end of a run tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// How much went over the network.
    Traffic,
    /// Besides, who was found.
    Responders,
    /// Besides, who was found by the structured protocol.
    Services,
}

/// What only a discovery has to say at its end.
#[derive(Debug, Serialize)]
struct DiscoveryDone<'a> {
    found: u64,
    complete: Option<bool>,
    /// Why it may not be the whole: words that stay.
    #[serde(serialize_with = "serialize_words")]
    incomplete_because: Doubts,
    /// Where nobody is asked, since nothing leaves.
    not_asked: Vec<NotAsked<'a>>,
    #[serde(flatten)]
    structured: Option<StructuredDone>,
}

/// An interface that let no question out, by this family.
#[derive(Debug, Serialize)]
struct NotAsked<'a> {
    name: &'a str,
    family: &'static str,
    reason: &'a str,
}

/// What only the structured protocol's discovery has to say.
#[derive(Debug, Serialize)]
struct StructuredDone {
    sweeps: u32,
    found_by_group: u64,
    unauthentic: u64,
}

/// What went over one interface.
#[derive(Debug, Serialize)]
struct InterfaceDone<'a> {
    name: &'a str,
    sent: u64,
    received: u64,
    send_errors: u64,
    send_drops: u64,
    receive_drops: u64,
}

impl<'a> Done<'a> {
    pub(crate) fn new(report: &'a Report, told: Told) -> Done<'a> {
        let Report { summary, kernel_drops, interfaces, refused } = report;
        let discovery = (told != Told::Traffic).then(|| DiscoveryDone {
            found: summary.found,
            complete: summary.complete,
            incomplete_because: summary.doubts,
            not_asked: refused.iter().map(NotAsked::from).collect(),
            structured: (told == Told::Services).then_some(StructuredDone {
                sweeps: summary.sweeps,
                found_by_group: summary.found_by_group,
                unauthentic: summary.unauthentic,
            }),
        });
        Done {
            event: "done",
            discovery,
            sent: summary.sent,
            received: summary.received,
            ignored: summary.ignored,
            kernel_drops: *kernel_drops,
            elapsed_ms: milliseconds(summary.elapsed),
            interfaces: interfaces.iter().map(InterfaceDone::from).collect(),
        }
    }
}

impl<'a> From<&'a Refused> for NotAsked<'a> {
    fn from(refused: &'a Refused) -> NotAsked<'a> {
        let family = if refused.ipv6 { "ipv6" } else { "ipv4" };
        NotAsked { name: &refused.interface, family, reason: &refused.reason }
    }
}

impl<'a> From<&'a InterfaceReport> for InterfaceDone<'a> {
    fn from(interface: &'a InterfaceReport) -> InterfaceDone<'a> {
        let InterfaceReport { name, sent, received, send_errors, send_drops, receive_drops } =
            interface;
        InterfaceDone {
            name,
            sent: *sent,
            received: *received,
            send_errors: *send_errors,
            send_drops: *send_drops,
            receive_drops: *receive_drops,
        }
    }
}

/// A payload: as text where it is text.
#[derive(Serialize)]
enum Payload<'a> {
    #[serde(rename = "payload")]
    Text(&'a str),
    #[serde(rename = "payload_base64", serialize_with = "serialize_base64")]
    Bytes(&'a [u8]),
}

impl<'a> From<&'a [u8]> for Payload<'a> {
    fn from(bytes: &'a [u8]) -> Payload<'a> {
        str::from_utf8(bytes).map_or(Payload::Bytes(bytes), Payload::Text)
    }
}

fn serialize_base64<S: Serializer>(bytes: &&[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&BASE64.encode_display(bytes))
}

fn serialize_words<S: Serializer>(doubts: &Doubts, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(doubts.iter())
}

/// Milliseconds to the microsecond: more digits would be noise.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Serializes as an RFC 3339 time in UTC.
struct Time(SystemTime);

/// The last second that RFC 3339 can write, in the year 9999.
const LAST_SECOND: Duration = Duration::from_secs(253_402_300_799);

impl Serialize for Time {
    /// A clock that stands before 1970 or after 9999 is shown at that limit: better than no line.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let epoch = SystemTime::UNIX_EPOCH;
        let time = self.0.clamp(epoch, epoch + LAST_SECOND);
        serializer.collect_str(&humantime::format_rfc3339_micros(time))
    }
}

/// Escapes what JSON need not escape but a terminal must not see.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        mut fragment: &str,
    ) -> io::Result<()> {
        while let Some((at, c)) = fragment.char_indices().find(|&(_, c)| is_deceptive(c)) {
            writer.write_all(&fragment.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            fragment = &fragment[at + c.len_utf8()..];
        }
        writer.write_all(fragment.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use mcast_proto::{Path, Protocol, Summary};
    use proptest::prelude::*;

    use super::*;

    fn path(remote: &str) -> Path {
        Path::new(remote.parse().unwrap())
    }

    fn asked(from: Path, probe: &[u8], refused: Option<Refusal>) -> Event<'_> {
        let (protocol, question) = (Protocol::PLAIN, Question::Plain(probe));
        Event::Asked { protocol, from, question, refused }
    }

    fn shown(event: &Event<'_>, interface: Option<&str>) -> String {
        let mut buffer = Vec::new();
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_000_000_123_456);
        super::event(&mut buffer, event, interface, time);
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn found_has_the_names_and_the_order_of_the_contract() {
        let body = Body::Plain { number: 1, payload: b"Me!" };
        let mut finding = Finding::new(Protocol::PLAIN, path("10.0.0.2:50008"), body);
        finding.round_trip = Some(Duration::from_nanos(410_123));
        let event = Event::Found(finding);
        assert_eq!(
            shown(&event, Some("eth0")),
            concat!(
                r#"{"event":"found","time":"2026-11-18T11:06:40.123456Z","addr":"10.0.0.2:50008","#,
                r#""interface":"eth0","rtt_ms":0.41,"payload":"Me!"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn request_says_whether_and_why_not() {
        let from = path("[fe80::9%2]:41234");
        let answered = asked(from, b"who's there?", None);
        assert_eq!(
            shown(&answered, Some("eth0")),
            concat!(
                r#"{"event":"request","time":"2026-11-18T11:06:40.123456Z","#,
                r#""from":"[fe80::9%eth0]:41234","interface":"eth0","payload":"who's there?","#,
                r#""answered":true}"#,
                "\n"
            )
        );
        let refused = asked(from, b"", Some(Refusal::SourceRate));
        let line = shown(&refused, None);
        let end = r#""interface":null,"payload":"","answered":false,"refused":"source-rate"}"#;
        assert!(line.trim_end().ends_with(end), "{line}");
    }

    #[test]
    fn message_shows_bytes_that_are_no_text_in_base64() {
        let group: SocketAddr = "224.1.1.1:50008".parse().unwrap();
        let from = path("10.0.0.9:41234");
        let (protocol, group) = (Protocol::PLAIN, Some(group));
        let event = Event::Message { protocol, from, group, payload: b"\xff\x00" };
        assert_eq!(
            shown(&event, Some("eth0")),
            concat!(
                r#"{"event":"message","time":"2026-11-18T11:06:40.123456Z","#,
                r#""from":"10.0.0.9:41234","group":"224.1.1.1:50008","interface":"eth0","len":2,"#,
                r#""payload_base64":"/wA="}"#,
                "\n"
            )
        );
    }

    #[test]
    fn done_sums_up() {
        let mut summary = Summary::default();
        (summary.found, summary.sent, summary.received) = (2, 1, 2);
        summary.elapsed = Duration::from_micros(3_001_200);
        summary.doubts = Doubts::COUNT | Doubts::NO_ROOM;
        let name = "eth0".to_owned();
        let interface = InterfaceReport {
            name,
            sent: 1,
            received: 2,
            send_errors: 3,
            send_drops: 4,
            receive_drops: 6,
        };
        let refused = Refused { interface: "tun0".into(), ipv6: true, reason: "no route".into() };
        let report = Report {
            summary,
            kernel_drops: 5,
            interfaces: vec![interface],
            refused: vec![refused],
        };
        let mut buffer = Vec::new();
        line(&mut buffer, &Done::new(&report, Told::Responders));
        line(&mut buffer, &Done::new(&report, Told::Traffic));
        let discovery = concat!(
            r#""found":2,"complete":null,"incomplete_because":["count","no_room"],"#,
            r#""not_asked":[{"name":"tun0","family":"ipv6","reason":"no route"}],"#
        );
        let counts = concat!(
            r#""sent":1,"received":2,"ignored":0,"kernel_drops":5,"elapsed_ms":3001.2,"#,
            r#""interfaces":[{"name":"eth0","sent":1,"received":2,"send_errors":3,"send_drops":4,"#,
            r#""receive_drops":6}]}"#
        );
        assert_eq!(
            String::from_utf8(buffer).unwrap(),
            format!("{{\"event\":\"done\",{discovery}{counts}\n{{\"event\":\"done\",{counts}\n")
        );
    }

    #[test]
    fn a_clock_that_is_wrong_costs_no_line() {
        for time in [
            SystemTime::UNIX_EPOCH - Duration::from_secs(1),
            SystemTime::UNIX_EPOCH + LAST_SECOND + Duration::from_secs(1),
        ] {
            let mut buffer = Vec::new();
            let event = asked(path("10.0.0.2:1"), b"", None);
            super::event(&mut buffer, &event, None, time);
            assert!(serde_json::from_slice::<serde_json::Value>(&buffer).is_ok());
        }
    }

    proptest! {
        #[test]
        fn any_payload_is_one_harmless_line_that_reads_back(text in any::<String>()) {
            let payload = text.as_bytes();
            let event = asked(path("10.0.0.2:1"), payload, None);
            let line = shown(&event, None);
            prop_assert!(!line.trim_end_matches('\n').chars().any(is_deceptive), "{:?}", line);
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(&value["payload"], &text);
        }
    }
}
