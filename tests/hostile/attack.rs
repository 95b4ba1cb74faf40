//! An attack, what it came to, and the table of all.

use std::any::Any;
use std::fmt::Write as _;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

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

impl Extent {
    /// How many asks there are beside an attack, and how many seconds each may take.
    pub(crate) fn runs(self) -> (u32, u32) {
        if self == Extent::Full { (6, 5) } else { (2, 3) }
    }
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

/// One at a time: the kernel has one table of neighbours for all namespaces (`gc_thresh3`), which hosts that
/// are not there fill, and two attacks at once would fill it for each other. So the first attack takes the
/// machine's turn too, and this process keeps it until it ends: of several runs of the tests, one attacks.
static TURN: Mutex<Option<File>> = Mutex::new(None);

fn turn() -> MutexGuard<'static, Option<File>> {
    let mut turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    turn.get_or_insert_with(|| {
        // A folder that every user can open, so that nothing need be made that another could not.
        let all = File::open(std::env::temp_dir()).expect("the folder for temporary files");
        all.lock().expect("a lock on it");
        all
    });
    turn
}

/// Runs the quick form of each attack, and then panics if a threshold did not hold.
#[track_caller]
pub(crate) fn quick(attacks: &[Attack]) {
    let _turn = turn();
    let mut broken = String::new();
    for Attack { name, threshold, run } in attacks {
        let Some(world) = World::with_nft() else { return };
        let Outcome { sent, found, usage, held } = run(&world, Extent::Quick);
        let row = format!("{name}, its quick form: sent {sent}; {found}; {usage:?}");
        println!("{row}");
        if !held {
            writeln!(broken, "{row}; held to: {threshold}").expect("a string takes it");
        }
    }
    assert!(broken.is_empty(), "{broken}");
}

/// Runs all of each attack: the table, as Markdown, and the names of those that did not hold.
pub(crate) fn table<'a>(attacks: impl IntoIterator<Item = &'a Attack>) -> (String, Vec<&'a str>) {
    let mut table = String::from(
        "| attack | sent | found | CPU | RSS | fds | held to | verdict |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let mut failed = Vec::new();
    let _turn = turn();
    for Attack { name, threshold, run } in attacks {
        let world = World::with_nft().expect("a world");
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&world, Extent::Full)));
        let Outcome { sent, found, usage, held } = outcome.unwrap_or_else(|panic| gave_up(&*panic));
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

/// What came of an attack on which something was waited for in vain: its row says so, and the others are
/// still run.
fn gave_up(panic: &(dyn Any + Send)) -> Outcome {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
    let found = message.lines().next().unwrap_or_default().replace('|', "\\|");
    Outcome { sent: "-".to_owned(), found, usage: None, held: false }
}
