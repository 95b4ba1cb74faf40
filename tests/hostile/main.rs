//! A standing adversary: attacks on the built binary, in network namespaces, by a peer of its own that
//! reaches more than 100,000 datagrams a second with any source.
//!
//! The quick form of each is an ordinary test. All of it, in full, as the table of `docs/hostile.md`:
//!
//! ```text
//! .ci/deep hostile
//! ```
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
mod sender;
mod size;
mod soak;

use attack::Attack;

const ATTACKS: [&[Attack]; 5] =
    [&floods::ATTACKS, &askers::ATTACKS, &forgeries::ATTACKS, &network::ATTACKS, &size::ATTACKS];

/// Runs all of every attack, and writes the table.
#[test]
#[ignore = "attacks in full: some minutes"]
fn every_attack() {
    let (table, failed) = attack::table(ATTACKS.into_iter().flatten());
    page::put("Attacks", &table);
    assert!(failed.is_empty(), "broken: {failed:?}");
}
