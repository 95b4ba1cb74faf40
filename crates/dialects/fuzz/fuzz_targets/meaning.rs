//! Any bytes as a datagram that was sent to a group, which the first byte picks: see [`said`].
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcast_dialects_fuzz::said;

fuzz_target!(|bytes: &[u8]| {
    if let Some((&group, datagram)) = bytes.split_first() {
        said::means(said::group(group), datagram);
    }
});
