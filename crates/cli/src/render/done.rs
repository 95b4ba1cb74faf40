//! What the end of a run says of it.

use mcast_net::{InterfaceReport, Refused, Report};
use mcast_proto::{Doubts, Event};
use serde::{Serialize, Serializer};

use super::field::milliseconds;

/// The last line of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Done<'a> {
    event: &'static str,
    #[serde(flatten)]
    discovery: Option<DiscoveryDone<'a>>,
    #[serde(flatten)]
    requests: Option<Requests>,
    /// Here a datagram counts once, however many interfaces it went over; below on each.
    sent: u64,
    received: u64,
    ignored: u64,
    kernel_drops: u64,
    elapsed_ms: f64,
    interfaces: Vec<InterfaceDone<'a>>,
}

/// What the end of a run tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// How much went over the network.
    Traffic,
    /// Besides, how many requests there were.
    Requests,
    /// Besides, who was found.
    Responders,
    /// Besides, who was found by the structured protocol.
    Services,
    /// Besides, who was found, by which of these protocols.
    Devices { asked: Vec<String> },
}

impl Told {
    /// Whether it is told who was found.
    pub(crate) fn is_discovery(&self) -> bool {
        match self {
            Told::Traffic | Told::Requests => false,
            Told::Responders | Told::Services | Told::Devices { .. } => true,
        }
    }

    /// The protocols that were spoken, where there are several.
    pub(super) fn asked(&self) -> Option<&[String]> {
        if let Told::Devices { asked } = self { Some(asked) } else { None }
    }
}

/// How many requests a responder had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Requests {
    pub(crate) answered: u64,
    pub(crate) refused: u64,
}

impl Requests {
    pub(crate) fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Asked { refused: None, .. } => self.answered += 1,
            Event::Asked { .. } => self.refused += 1,
            _ => {}
        }
    }
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
    /// The protocols that were spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<&'a [String]>,
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
    pub(crate) fn new(report: &'a Report, told: &'a Told, requests: Requests) -> Done<'a> {
        let Report { summary, kernel_drops, interfaces, refused } = report;
        let discovery = told.is_discovery().then(|| DiscoveryDone {
            found: summary.found,
            complete: summary.complete,
            incomplete_because: summary.doubts,
            not_asked: refused.iter().map(NotAsked::from).collect(),
            structured: (*told == Told::Services).then_some(StructuredDone {
                sweeps: summary.sweeps,
                found_by_group: summary.found_by_group,
                unauthentic: summary.unauthentic,
            }),
            asked: told.asked(),
        });
        Done {
            event: "done",
            discovery,
            requests: (*told == Told::Requests).then_some(requests),
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

fn serialize_words<S: Serializer>(doubts: &Doubts, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(doubts.iter())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mcast_proto::Summary;

    use super::super::json::line;
    use super::*;

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
        let requests = Requests { answered: 7, refused: 8 };
        line(&mut buffer, &Done::new(&report, &Told::Responders, requests));
        line(&mut buffer, &Done::new(&report, &Told::Traffic, requests));
        line(&mut buffer, &Done::new(&report, &Told::Requests, requests));
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
            format!(
                "{{\"event\":\"done\",{discovery}{counts}\n{{\"event\":\"done\",{counts}\n\
                 {{\"event\":\"done\",\"answered\":7,\"refused\":8,{counts}\n"
            )
        );
    }
}
