//! Tests that cannot run on this machine, and say so where nobody can miss it.

use std::io::Write as _;

/// Says that the test that calls this was skipped, and why: a line `skipped: TEST: REASON` on the real
/// stderr, past libtest's capture, so that it is seen in every run. `.ci/run` counts these lines, and one
/// of them is a failure there.
pub fn skip(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Where even stderr is closed, nobody is there to be told.
    drop(writeln!(std::io::stderr(), "skipped: {test}: {reason}"));
}
