//! Any bytes as a message of SSDP: see the library beside this.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mcast_dialects::ssdp::Ssdp;
use mcast_dialects_fuzz::hear;

fuzz_target!(|bytes: &[u8]| hear(Ssdp::default(), |_, bytes| bytes.to_vec(), bytes));
