//! How a failed run is run again.

use std::path::Path;

/// The environment's variable that has the seed of every simulation.
pub(super) const SEED: &str = "MCAST_SIM_SEED";

/// The command that runs the present test, or program, with this seed.
pub(super) fn command(seed: u64) -> String {
    let mut arguments = std::env::args();
    let program = arguments.next().unwrap_or_default();
    let thread = std::thread::current();
    of(seed, &program, thread.name().unwrap_or_default(), &arguments.collect::<Vec<_>>())
}

/// Cargo names a test's program by its target and a hash; the test runs in a thread of its name.
fn of(seed: u64, program: &str, thread: &str, arguments: &[String]) -> String {
    let stem = Path::new(program).file_stem().unwrap_or_default().to_string_lossy();
    let package = env!("CARGO_PKG_NAME");
    match stem.rsplit_once('-') {
        Some((target, hash)) if is_hash(hash) => {
            let is_library = target == package.replace('-', "_");
            let target = if is_library { "--lib".into() } else { format!("--test {target}") };
            // With one thread for all tests its name is not the test's.
            let test = if thread == "main" { String::new() } else { format!(" --exact {thread}") };
            format!("{SEED}={seed} cargo test -p {package} {target} --{test}")
        }
        _ => format!("{SEED}={seed} {program} {}", arguments.join(" ")),
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_run_by_its_name_and_a_program_by_its_arguments() {
        let test = "/t/debug/deps/sim-0123456789abcdef";
        assert_eq!(
            of(7, test, "plain::a_flood", &[]),
            "MCAST_SIM_SEED=7 cargo test -p mcast-tests --test sim -- --exact plain::a_flood"
        );
        let unit = "/t/debug/deps/mcast_tests-0123456789abcdef";
        assert_eq!(
            of(7, unit, "sim::x", &[]),
            "MCAST_SIM_SEED=7 cargo test -p mcast-tests --lib -- --exact sim::x"
        );
        let arguments = ["--loss".into(), "0.1".into()];
        assert_eq!(
            of(8, "target/examples/simulate", "main", &arguments),
            "MCAST_SIM_SEED=8 target/examples/simulate --loss 0.1"
        );
    }
}
