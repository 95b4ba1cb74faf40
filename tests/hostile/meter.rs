//! What a process under attack takes: processor time, memory, file descriptors, sockets.

use std::path::PathBuf;
use std::time::Duration;

use mcast_net::clock::Clock;
use mcast_proto::Instant;
use mcast_tests::netns::{Process, until};

/// The kernel's ticks of processor time a second (USER_HZ, which is the same on every machine).
const TICKS: u32 = 100;

/// Measures a process.
pub(crate) struct Meter {
    id: u32,
    before: Reading,
    clock: Clock,
}

/// What a process took between two points.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Of one core, in percent.
    pub(crate) cpu: f64,
    /// The most that it ever had resident, in KiB.
    pub(crate) peak: u64,
    /// By how much that grew, in KiB.
    pub(crate) grown: u64,
    pub(crate) descriptors: usize,
    /// Those of them that are sockets.
    pub(crate) sockets: usize,
    /// How many more descriptors it has than at first.
    pub(crate) opened: isize,
}

struct Reading {
    processor: Duration,
    peak: u64,
    descriptors: usize,
    sockets: usize,
}

/// Readings in a row with as many descriptors, after which a process has opened what it opens at first.
const STEADY: u32 = 20;

impl Meter {
    /// Measures a process from when it has opened what it opens at first: one that has joined a group
    /// may still lack other sockets.
    pub(crate) fn of(process: &Process) -> Meter {
        let id = process.id();
        let (mut before, mut steady) = (Reading::of(id), 0);
        until("all that it opens at first", || {
            let now = Reading::of(id);
            steady = if now.descriptors == before.descriptors { steady + 1 } else { 0 };
            before = now;
            steady == STEADY
        });
        Meter { id, before, clock: Clock::new() }
    }

    pub(crate) fn read(&self) -> Usage {
        let now = Reading::of(self.id);
        let elapsed = self.clock.now() - Instant::ZERO;
        let processor = now.processor - self.before.processor;
        Usage {
            cpu: 100.0 * processor.as_secs_f64() / elapsed.as_secs_f64(),
            peak: now.peak,
            grown: now.peak - self.before.peak,
            descriptors: now.descriptors,
            sockets: now.sockets,
            opened: now.descriptors as isize - self.before.descriptors as isize,
        }
    }
}

impl Reading {
    fn of(id: u32) -> Reading {
        let read = |file: &str| {
            let path = format!("/proc/{id}/{file}");
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        let stat = read("stat");
        // Behind the name, which may hold anything, utime and stime are the 12th and 13th (proc(5)).
        let (_, numbers) = stat.rsplit_once(") ").expect("a name in brackets");
        let numbers: Vec<_> = numbers.split(' ').collect();
        let ticks: u32 = numbers[11..13].iter().map(|n| n.parse::<u32>().expect("ticks")).sum();
        let status = read("status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok());
        let descriptors = std::fs::read_dir(format!("/proc/{id}/fd")).expect("a process of ours");
        // Those that are closed meanwhile lead nowhere.
        let targets: Vec<_> =
            descriptors.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok()).collect();
        let is_socket = |target: &&PathBuf| target.to_string_lossy().starts_with("socket:");
        Reading {
            processor: Duration::from_secs(1) * ticks / TICKS,
            peak: peak.expect("VmHWM"),
            descriptors: targets.len(),
            sockets: targets.iter().filter(is_socket).count(),
        }
    }
}
