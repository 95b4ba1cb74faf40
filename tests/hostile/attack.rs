//! An attack, what it came to, and the table of all.

use std::fmt::Write as _;

use mcast_tests::netns::World;

use crate::meter::Usage;

/// An attack on the built binary, and what it is held to.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// What must hold, in words.
    pub(crate) threshold: &'static str,
    pub(crate) run: fn(&World, Extent) -> Outcome,
}

/// How much of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Extent {
    /// As much as an ordinary run of the tests has time for.
    Quick,
    /// All of it.
    Full,
}

/// What came of an attack.
pub(crate) struct Outcome {
    pub(crate) sent: String,
    pub(crate) found: String,
    /// What the process took that was attacked.
    pub(crate) usage: Option<Usage>,
    /// Whether the threshold holds.
    pub(crate) held: bool,
}

/// Runs a quick form of an attack; panics where its threshold does not hold.
#[track_caller]
pub(crate) fn quick(attack: &Attack) {
    let Some(world) = World::with_nft() else { return };
    let Outcome { sent, found, usage, held } = (attack.run)(&world, Extent::Quick);
    println!("{}: sent {sent}; {found}; {usage:?}", attack.name);
    assert!(held, "{}: {}; sent {sent}; {found}; {usage:?}", attack.name, attack.threshold);
}

/// Runs all of each attack: the table, as Markdown, and the names of those that did not hold.
pub(crate) fn table<'a>(attacks: impl IntoIterator<Item = &'a Attack>) -> (String, Vec<&'a str>) {
    let mut table = String::from(
        "| attack | sent | found | CPU | RSS | fds | held to | verdict |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let mut failed = Vec::new();
    for Attack { name, threshold, run } in attacks {
        let world = World::with_nft().expect("a world");
        let Outcome { sent, found, usage, held } = run(&world, Extent::Full);
        let taken = match usage {
            Some(Usage { cpu, peak, grown, descriptors, opened, .. }) => {
                let [peak, grown] = [peak, grown].map(|kib| kib as f64 / 1024.0);
                format!("{cpu:.0} % | {peak:.1} MiB ({grown:+.1}) | {descriptors} ({opened:+})")
            }
            None => "- | - | -".to_owned(),
        };
        let verdict = if held { "held" } else { "**broken**" };
        let row = format!("| {name} | {sent} | {found} | {taken} | {threshold} | {verdict} |");
        eprintln!("{row}");
        writeln!(table, "{row}").expect("a string takes it");
        if !held {
            failed.push(*name);
        }
    }
    (table, failed)
}
