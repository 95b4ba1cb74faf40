//! Any bytes as a message of WS-Discovery, which answers the last question where it has a number that was
//! recorded: see the library beside this.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcast_dialects::wsd::Wsd;
use mcast_dialects_fuzz::hear;

fuzz_target!(|bytes: &[u8]| hear(Wsd::default(), answer, bytes));

fn answer(question: &[u8], bytes: &[u8]) -> Vec<u8> {
    let question = std::str::from_utf8(question).unwrap_or_default();
    let number = question.split("MessageID>urn:uuid:").nth(1).and_then(|rest| rest.get(..36));
    let (Some(number), Ok(text)) = (number, std::str::from_utf8(bytes)) else {
        return bytes.to_vec();
    };
    let mut text = text.to_owned();
    for recorded in 1..=4 {
        text = text.replace(&format!("00000000-0000-4000-8000-00000000000{recorded}"), number);
    }
    text.into_bytes()
}
