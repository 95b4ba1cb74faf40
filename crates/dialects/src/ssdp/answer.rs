//! What a message says of a device or service.

use mcast_proto::{Arrival, Cast};

use super::{identity, lease};
use crate::headers::{Headers, Start};
use crate::scan::{Hold, LONGEST_ID, Saying, Sighting, Told, Verdict, Words};
use crate::url;

/// Header lines that are about the message or are told otherwise, and those that are new each time.
const NOT_TOLD: [&str; 13] = [
    "host",
    "man",
    "mx",
    "ext",
    "date",
    "nts",
    "nt",
    "st",
    "usn",
    "cache-control",
    "content-length",
    "server",
    "location",
];

/// A message about something that is there, or is there no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer<'d> {
    pub(super) usn: &'d [u8],
    /// What it is: the `ST` of an answer, the `NT` of an announcement.
    pub(super) target: &'d [u8],
    /// It says that it is going.
    pub(super) is_goodbye: bool,
}

impl<'d> Answer<'d> {
    /// What a message says, or `None` where it says nothing of anybody.
    pub(super) fn of(headers: &Headers<'d>) -> Option<Answer<'d>> {
        if headers.start == Start::Search {
            return None;
        }
        let target = headers.get("st").or_else(|| headers.get("nt")).unwrap_or_default();
        // Some devices name themselves by what they are and where alone.
        let usn = headers.get("usn").or_else(|| headers.get("location"))?;
        let nts = headers.get("nts").unwrap_or(b"ssdp:alive");
        let is_goodbye = headers.start == Start::Notify && nts.eq_ignore_ascii_case(b"ssdp:byebye");
        let is_known = is_goodbye
            || nts.eq_ignore_ascii_case(b"ssdp:alive")
            || nts.eq_ignore_ascii_case(b"ssdp:update");
        is_known.then_some(Answer { usn, target, is_goodbye })
    }
}

/// Tells what a datagram says.
pub(super) fn hear(datagram: &[u8], arrival: &Arrival, to: &mut Told<'_>) -> Verdict {
    let Some(headers) = Headers::read(datagram) else { return Verdict::Refused };
    if headers.start == Start::Search {
        return Verdict::Beside;
    }
    let Some(answer) = Answer::of(&headers) else { return Verdict::Refused };
    if answer.usn.len() > LONGEST_ID {
        return Verdict::Refused;
    }
    // Nothing shows that an answer is to a question. So what was sent to the group, or says goodbye, is
    // taken from neighbours alone: nobody outside of the link makes up or takes away a device on it.
    let is_asked = arrival.cast == Cast::Unicast && !answer.is_goodbye;
    if !arrival.on_link && !is_asked {
        return Verdict::Refused;
    }
    if answer.is_goodbye {
        to.gone(arrival.from, answer.usn);
        return Verdict::Taken;
    }
    let lease = headers.get("cache-control").and_then(lease::max_age);
    // A device that was restarted has another number, even where all else is as it was.
    let boot = headers.get("nextbootid.upnp.org").or_else(|| headers.get("bootid.upnp.org"));
    let words = Words::of([
        boot,
        headers.get("location"),
        headers.get("server"),
        headers.get("configid.upnp.org"),
    ]);
    let is_answer = arrival.cast == Cast::Unicast;
    // Beyond the link nobody is asked alone: whoever forged an address there would have it asked.
    let hold = match arrival.on_link {
        true => Hold::Lease(lease.unwrap_or(lease::USUAL)),
        false => Hold::Rounds,
    };
    let sighting = Sighting {
        id: answer.usn,
        words,
        hold,
        recall: answer.target,
        round_trip: is_answer.then(|| to.since_question()),
        lease,
        say: &|saying| say(&headers, &answer, saying),
    };
    to.here(arrival, &sighting);
    Verdict::Taken
}

fn say(headers: &Headers<'_>, answer: &Answer<'_>, to: &mut Saying) {
    if let Some(server) = headers.get("server") {
        to.name(server);
    }
    if !answer.target.is_empty() {
        to.service(answer.target);
    }
    if let Some(location) = headers.get("location") {
        to.url(location);
        if let (_, Some(port)) = url::place(location) {
            to.port(port);
        }
    }
    to.attribute(b"usn", answer.usn);
    to.attribute(b"device", identity::device(answer.usn));
    for (name, value) in headers.iter() {
        let is_told = NOT_TOLD.iter().any(|other| name.eq_ignore_ascii_case(other.as_bytes()));
        if !is_told && !value.is_empty() {
            to.attribute(&name.to_ascii_lowercase(), value);
        }
    }
}
