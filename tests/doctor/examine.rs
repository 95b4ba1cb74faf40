//! Running the doctor, and what it found.

use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use mcast_tests::netns::Process;
use serde_json::Value;

use crate::scene::Scene;

/// Who examines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// Root of the network namespace.
    Root,
    /// Somebody without any capability, and another user where the tests run as root.
    User,
}

pub(crate) const EVERYBODY: [Who; 2] = [Who::Root, Who::User];

/// A finding, as JSON tells it.
pub(crate) struct Finding {
    pub(crate) code: String,
    pub(crate) level: String,
    told: Value,
}

/// What an examination said.
pub(crate) struct Examination {
    pub(crate) findings: Vec<Finding>,
    pub(crate) code: Option<i32>,
    /// All that it printed.
    pub(crate) said: String,
}

impl Examination {
    /// What there is to worry about: faults and warnings.
    pub(crate) fn alarms(&self) -> Vec<&str> {
        let is_alarm = |it: &&Finding| ["fault", "warning"].contains(&it.level.as_str());
        self.findings.iter().filter(is_alarm).map(|it| it.code.as_str()).collect()
    }

    /// The level at which this is found, where it is.
    pub(crate) fn level_of(&self, code: &str) -> Option<&str> {
        let found = self.findings.iter().find(|it| it.code == code && it.level != "ok");
        found.map(|it| it.level.as_str())
    }

    /// A row of the table: the verdict with its evidence.
    pub(crate) fn row(&self, code: &str) -> String {
        let text = |told: &Value, field: &str| told[field].as_str().unwrap_or_default().to_owned();
        let row = |it: &Finding| {
            let remedy = it.told["remedies"][0].as_str().unwrap_or_default();
            let (what, evidence) = (text(&it.told, "what"), text(&it.told, "evidence"));
            format!("| {} | {what} | {evidence} | `{remedy}` |", it.level)
        };
        self.findings.iter().find(|it| it.code == code).map_or_else(String::new, row)
    }
}

/// Examines a scene.
pub(crate) fn examine(scene: &Scene<'_>, who: Who) -> Examination {
    let finished = Process::start(command(scene, who)).wait();
    let said = format!("{}{}", finished.stdout, finished.stderr);
    let finding = |line: &str| {
        let told: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {said}"));
        let text = |field: &str| told[field].as_str().unwrap_or_default().to_owned();
        (told["event"] == "finding").then(|| Finding {
            code: text("code"),
            level: text("level"),
            told: told.clone(),
        })
    };
    let findings = finished.stdout.lines().filter_map(finding).collect();
    Examination { findings, code: finished.code, said }
}

/// Runs a command where all files are as they are, but for those at the root: the mark of a container is there if it is
/// the first word, and not if these tests run in one.
const UNMARKED: &str = "set -e\nmount -t tmpfs tmpfs /mnt\n\
     for it in /*; do\n\
     if [ -L \"$it\" ]; then cp -P \"$it\" /mnt/\n\
     elif [ -d \"$it\" ] && [ \"$it\" != /mnt ]; then mkdir \"/mnt$it\"; mount --rbind \"$it\" \"/mnt$it\"; fi\n\
     done\n\
     [ -e \"/mnt/$0\" ] || touch \"/mnt/$0\"\n\
     exec chroot /mnt \"$@\"";

fn command(scene: &Scene<'_>, who: Who) -> Command {
    let mark = if scene.in_container { ".dockerenv" } else { "tmp" };
    let mut words = vec!["unshare", "--mount", "sh", "-c", UNMARKED, mark];
    let drop_all = ["--inh-caps=-all", "--bounding-set=-all"];
    match who {
        Who::Root => {}
        Who::User if is_root() => {
            words.extend(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
            words.extend(drop_all);
        }
        Who::User => {
            words.push("setpriv");
            words.extend(drop_all);
        }
    }
    words.extend([env!("CARGO_BIN_EXE_mcast"), "doctor", "--json"]);
    words.extend(scene.words.split_whitespace());
    let mut command = scene.host.command(words[0]);
    command.args(&words[1..]);
    command
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

/// Holds that a fault is found by everybody, at one of these levels, and is the only alarm.
#[track_caller]
pub(crate) fn names(code: &str, levels: &[&str], scene: &Scene<'_>) {
    names_among(code, levels, &[], scene);
}

/// The same, where its consequences may be named too.
#[track_caller]
pub(crate) fn names_among(code: &str, levels: &[&str], besides: &[&str], scene: &Scene<'_>) {
    for who in EVERYBODY {
        let examination = examine(scene, who);
        println!("| {code} | {who:?} {}", examination.row(code));
        let level = examination.level_of(code);
        assert!(
            level.is_some_and(|it| levels.contains(&it)),
            "{who:?}: {code}: {}",
            examination.said
        );
        let is_known = |it: &&str| *it == code || besides.contains(it);
        let others: Vec<_> = examination.alarms().into_iter().filter(|it| !is_known(it)).collect();
        assert!(others.is_empty(), "{who:?}: {others:?} beside {code}: {}", examination.said);
        let has_fault = examination.findings.iter().any(|it| it.level == "fault");
        assert_eq!(examination.code, Some(i32::from(has_fault)), "{who:?}: {}", examination.said);
    }
}

/// Holds that there is nothing to worry about for anybody.
#[track_caller]
pub(crate) fn is_quiet(scene: &Scene<'_>) {
    for who in EVERYBODY {
        let examination = examine(scene, who);
        assert!(
            examination.alarms().is_empty(),
            "{who:?}: {:?}: {}",
            examination.alarms(),
            examination.said
        );
        assert_eq!(examination.code, Some(0), "{who:?}: {}", examination.said);
    }
}

/// Holds that this is not found by anybody, at whatever level, nor anything to worry about.
#[track_caller]
pub(crate) fn is_free_of(code: &str, scene: &Scene<'_>) {
    for who in EVERYBODY {
        let examination = examine(scene, who);
        assert_eq!(examination.level_of(code), None, "{who:?}: {}", examination.said);
        assert!(
            examination.alarms().is_empty(),
            "{who:?}: {:?}: {}",
            examination.alarms(),
            examination.said
        );
    }
}
