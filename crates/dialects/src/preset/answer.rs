//! What an answer to a preset's question says.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use mcast_proto::{Arrival, Cast};

use super::Preset;
use super::field::Answer;
use crate::scan::{Hold, LONGEST_ID, Saying, Sighting, Told, Verdict, Words};

/// Tells what a datagram says by this preset.
pub(super) fn hear(
    preset: &Preset,
    datagram: &[u8],
    arrival: &Arrival,
    to: &mut Told<'_>,
) -> Verdict {
    // Its own question, which came back.
    if preset.is_own(datagram) {
        return Verdict::Beside;
    }
    let is_answer = preset.request.is_some() && arrival.cast == Cast::Unicast;
    // Nothing shows that it is an answer, so that what is unasked is taken from neighbours alone.
    if !is_answer && !arrival.on_link {
        return Verdict::Refused;
    }
    let said = datagram.strip_prefix(preset.begins.as_slice());
    let Some(said) = said.and_then(|_| datagram.get(preset.skip..)) else {
        return Verdict::Refused;
    };
    let Some(answer) = Answer::read(said, preset.form) else { return Verdict::Refused };
    let get = |field| answer.get(field);
    // One that has a name of its own has to say it: without, it may be anybody.
    let id = match preset.id.as_ref().map(get) {
        Some(None) => return Verdict::Refused,
        Some(Some(id)) if id.len() > LONGEST_ID - preset.name.len() - 1 => return Verdict::Refused,
        Some(Some(id)) => id,
        None => Cow::Borrowed(&[][..]),
    };
    let name = preset.label.as_ref().and_then(get);
    let port = preset.port.as_ref().and_then(get).and_then(|port| port_of(&port));
    let attributes = preset.attributes.iter();
    let attributes: Vec<(&str, Cow<'_, [u8]>)> =
        attributes.filter_map(|(key, field)| Some((key.as_str(), get(field)?))).collect();
    let sighting = Sighting {
        id: &[preset.name.as_bytes(), b":", &id].concat(),
        words: Words::of([None, name.as_deref(), Some(&print(port, &attributes))]),
        hold: Hold::Rounds,
        recall: &[],
        round_trip: is_answer.then(|| to.since_question()),
        lease: None,
        say: &|saying: &mut Saying| {
            if let Some(name) = &name {
                saying.name(name);
            }
            saying.service(preset.name.as_bytes());
            if let Some(port) = port {
                saying.port(port);
            }
            if !id.is_empty() {
                saying.attribute(b"id", &id);
            }
            for (key, value) in &attributes {
                saying.attribute(key.as_bytes(), value);
            }
        },
    };
    to.here(arrival, &sighting);
    Verdict::Taken
}

/// A port in decimal digits, or at the end of a URL.
fn port_of(said: &[u8]) -> Option<u16> {
    let text = core::str::from_utf8(said).ok()?.trim_end_matches('/');
    let digits = text.rsplit(':').next()?;
    digits.trim().parse().ok().filter(|port| *port != 0)
}

/// All that must be as it was, with a length before each part.
fn print(port: Option<u16>, attributes: &[(&str, Cow<'_, [u8]>)]) -> Vec<u8> {
    let mut print = port.unwrap_or(0).to_be_bytes().to_vec();
    for (key, value) in attributes {
        print.extend_from_slice(&(key.len() as u32).to_be_bytes());
        print.extend_from_slice(key.as_bytes());
        print.extend_from_slice(&(value.len() as u32).to_be_bytes());
        print.extend_from_slice(value);
    }
    print
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_number_or_the_end_of_a_url() {
        for (said, port) in [
            ("55443", Some(55_443)),
            (" 80 ", Some(80)),
            ("yeelight://10.0.0.2:55443", Some(55_443)),
            ("http://10.0.0.2:8096/", Some(8_096)),
            ("0", None),
            ("65536", None),
            ("http://10.0.0.2", None),
            ("", None),
        ] {
            assert_eq!(port_of(said.as_bytes()), port, "{said}");
        }
        assert_eq!(port_of(b"\xff"), None);
    }
}
