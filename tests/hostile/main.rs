//! A standing adversary: attacks on the built binary, in network namespaces, by a peer of its own that
//! reaches more than 100,000 datagrams a second with any source.
//!
//! The quick form of each is an ordinary test. All of it, in full, as the table of `docs/hostile.md`:
//!
//! ```text
//! .ci/deep hostile
//! ```
//!
//! `.ci/deep hostile WORDS` runs those with these words in their names.
#![cfg(target_os = "linux")]

mod askers;
mod attack;
mod attacker;
#[path = "../services/crowd.rs"]
mod crowd;
mod floods;
mod forge;
mod forgeries;
mod meter;
mod network;
mod overload;
mod page;
mod program;
mod replays;
mod sender;
mod size;
mod soak;
mod tally;
mod weapons;

use attack::Attack;

const ATTACKS: [&[Attack]; 7] = [
    &floods::ATTACKS,
    &askers::ATTACKS,
    &forgeries::ATTACKS,
    &replays::ATTACKS,
    &weapons::ATTACKS,
    &network::ATTACKS,
    &size::ATTACKS,
];

/// Runs all of every attack, and writes the table; or of those whose names have these words in them, and
/// only prints it.
#[test]
#[ignore = "attacks in full: some minutes"]
fn every_attack() {
    let words = std::env::var("MCAST_HOSTILE").unwrap_or_default();
    let attacks = ATTACKS.into_iter().flatten().filter(|attack| attack.name.contains(&words));
    let (table, failed) = attack::table(attacks);
    if words.is_empty() {
        page::put("Attacks", &table);
    }
    assert!(failed.is_empty(), "broken: {failed:?}");
}
