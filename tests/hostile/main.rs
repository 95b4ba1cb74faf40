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
mod program;
mod sender;
mod size;

use attack::Attack;

const ATTACKS: [&[Attack]; 5] =
    [&floods::ATTACKS, &askers::ATTACKS, &forgeries::ATTACKS, &network::ATTACKS, &size::ATTACKS];

/// Runs all of every attack, and writes the table.
#[test]
#[ignore = "attacks in full: some minutes"]
fn every_attack() {
    let (table, failed) = attack::table(ATTACKS.into_iter().flatten());
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/hostile.md");
    let text = std::fs::read_to_string(&page).expect("the page");
    let (head, _) = text.split_once("| attack |").expect("a table");
    std::fs::write(&page, format!("{head}{table}")).expect("the page can be written");
    assert!(failed.is_empty(), "broken: {failed:?}");
}
