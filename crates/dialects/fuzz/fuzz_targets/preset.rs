//! Any bytes as an answer to one of the presets, which the first byte picks; and as a table of presets: see the
//! library beside this.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mcast_dialects::preset::{Preset, builtin, parse};
use mcast_dialects_fuzz::hear;

static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| builtin().expect("a table"));

fuzz_target!(|bytes: &[u8]| {
    let Some((&nth, answer)) = bytes.split_first() else { return };
    let preset = PRESETS[usize::from(nth) % PRESETS.len()].clone();
    hear(preset, |_, bytes| bytes.to_vec(), answer);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = parse(text);
    }
});
