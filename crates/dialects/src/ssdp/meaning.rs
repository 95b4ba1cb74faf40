//! What a message says, for those who only listen.

use mcast_proto::Protocol;

use super::answer::Answer;
use crate::headers::{Headers, Start};
use crate::meaning::part::{Act, Meaning};

/// What it searches for, or what it says of a device or service.
pub(crate) fn meaning(datagram: &[u8]) -> Option<Meaning> {
    let headers = Headers::read(datagram)?;
    let act = match headers.start {
        Start::Search => Act::Ask,
        Start::Answer | Start::Notify => {
            let answer = Answer::of(&headers)?;
            match headers.start {
                _ if answer.is_goodbye => Act::Goodbye,
                Start::Notify => Act::Announce,
                _ => Act::Answer,
            }
        }
    };
    let mut meaning = Meaning::new(Protocol::new("ssdp"), act);
    for word in ["ST", "NT", "USN", "LOCATION", "SERVER"] {
        meaning.tell(word, headers.get(word));
    }
    meaning.if_any()
}
