//! Any bytes as a message of CoAP, which answers the last question where its token has two bytes, as those that
//! were recorded: see the library beside this.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcast_dialects::coap::Coap;
use mcast_dialects_fuzz::hear;

fuzz_target!(|bytes: &[u8]| hear(Coap::default(), answer, bytes));

fn answer(question: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut answer = bytes.to_vec();
    if answer.len() >= 6 && question.len() >= 12 && answer[0] & 0x0f == 2 {
        answer[0] = answer[0] & 0xf0 | 8;
        answer.splice(4..6, question[4..12].iter().copied());
    }
    answer
}
