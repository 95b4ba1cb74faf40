//! Any bytes as an answer by HTTP, of which so much has come as the first two bytes say; and as the URL that it is asked
//! for at: see [`said`].
#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use mcast_dialects_fuzz::said;

fuzz_target!(|bytes: &[u8]| {
    if let Some((&cut, answer)) = bytes.split_first_chunk() {
        said::describes(answer, u16::from_be_bytes(cut).into());
    }
    if let Ok(url) = std::str::from_utf8(bytes) {
        said::asks(url, IpAddr::from([10, 0, 0, 2]));
    }
});
