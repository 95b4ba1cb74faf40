//! Completions: in bash for real, and for the other shells what their hooks get.

use std::path::Path;
use std::process::Command;

use mcast_tests::netns::{Process, Signal, World, until};

use crate::{MCAST, stdout, takes, verbs};

/// Completes the last of these words in bash, as it calls the hook, and prints each word that may follow.
const BASH: &str = r#"
source <(mcast completions bash)
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9
_clap_complete_mcast mcast "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
"#;

fn bash(mut bash: Command, words: &[&str]) -> Vec<String> {
    let folder = Path::new(MCAST).parent().expect("a folder").to_str().expect("UTF-8").to_owned();
    let path = folder + ":" + &std::env::var("PATH").unwrap_or_default();
    bash.args(["--norc", "-c", BASH, "bash", "mcast"]).args(words).env("PATH", path);
    let finished = Process::start(bash).wait();
    assert_eq!((finished.code, &*finished.stderr), (Some(0), ""), "{words:?}: {finished:?}");
    finished.stdout.lines().map(str::to_owned).collect()
}

fn here(words: &[&str]) -> Vec<String> {
    bash(Command::new("bash"), words)
}

#[test]
fn bash_completes_verbs_and_pages_of_the_manual() {
    let verbs = verbs();
    let (first, man, help) = (here(&[""]), here(&["man", ""]), here(&["help", ""]));
    for verb in &verbs {
        match verb.split_once(' ') {
            None => {
                assert!(first.contains(verb) && help.contains(verb), "{verb}: {first:?} {help:?}");
            }
            Some((outer, inner)) => {
                assert!(here(&[outer, ""]).contains(&inner.to_owned()), "{verb}");
            }
        }
        assert!(man.contains(&verb.replace(' ', "-")), "{verb}: {man:?}");
    }
    assert_eq!(here(&["man", "disc"]), ["discover"]);
    assert_eq!(here(&["help", "disc"]), ["discover"]);
}

#[test]
fn bash_completes_options_and_their_values() {
    assert!(here(&["discover", "--eff"]).contains(&"--effort".into()));
    assert_eq!(here(&["discover", "--effort", ""]), ["fast", "normal", "thorough"]);
    let shells = here(&["completions", ""]);
    assert_eq!(shells[..5], ["bash", "elvish", "fish", "powershell", "zsh"], "{shells:?}");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("office.key"), "").expect("a file");
    let begun = folder.path().join("off").to_str().expect("UTF-8").to_owned();
    for option in ["--key-file", "--config"] {
        assert_eq!(here(&["respond", option, &begun]), [begun.clone() + "ice.key"], "{option}");
    }
    assert!(here(&["discover", "--timeout", ""]).is_empty());
}

#[test]
fn bash_completes_interfaces_of_every_verb_that_takes_one() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let host = world.host();
    host.card("eth0", &lan, &["10.0.0.1/24"]);
    // A name that the kernel takes, and a shell would run.
    host.card("$(id)", &lan, &["10.0.0.2/24"]);
    let on_host = |words: &[&str]| bash(host.command("bash"), words);
    let mut takers = 0;
    for verb in verbs() {
        if !takes(&verb, "--interface") {
            continue;
        }
        takers += 1;
        for (typed, expected) in
            [("", &["eth0", "lo"][..]), ("e", &["eth0"]), ("!", &["!eth0", "!lo"]), ("x", &[])]
        {
            let mut completed = on_host(&[&verb, "-i", typed]);
            completed.sort();
            assert_eq!(completed, expected, "{verb} -i {typed}");
        }
        assert_eq!(on_host(&[&verb, "--interface", "l"]), ["lo"], "{verb}");
    }
    assert!(takers >= 5, "{takers}");
}

#[test]
fn bash_completes_services_that_answer_and_no_name_that_a_shell_would_act_on() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, answerer] = ["10.0.0.1/24", "10.0.0.2/24"].map(|address| {
        let host = world.host();
        host.card("eth0", &lan, &[address]);
        host
    });
    let on_host = |words: &[&str]| bash(asker.command("bash"), words);
    // Nobody answers, which is nothing to talk about.
    assert!(on_host(&["discover", "--service", ""]).is_empty());
    let mut command = answerer.command(MCAST);
    command.args(["respond", "--no-plain"]);
    for service in ["camera", "printer", "$(reboot)", "a b", "`id`", "-rf", "\u{202e}x"] {
        command.args([format!("--service={service}")]);
    }
    let responder = Process::start(command);
    responder.error_line_with("offering printer");
    // An answer comes too late where the machine is slow, so it is asked until there is one.
    let all = || on_host(&["discover", "--service", ""]);
    until("both names", || all() == ["camera", "printer"]);
    let of_one = || on_host(&["discover", "-i", "eth0", "--watch", "--service", "p"]);
    until("one name", || of_one() == ["printer"]);
    // Where the words say that nobody is to be asked there, nobody is.
    assert!(on_host(&["discover", "-i", "lo", "--service", ""]).is_empty());
    assert!(on_host(&["discover", "-i", "none", "--service", ""]).is_empty());
    responder.stop(Signal::TERM);
}

/// The hooks themselves: what they call, and with which variables, is a contract between two versions of mcast.
#[test]
fn the_hooks_of_shells_are_as_they_were_looked_at() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/keeping/hooks");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let file = golden.join(shell);
        let hook = stdout(&["completions", shell]);
        if std::env::var_os("MCAST_BLESS").is_some() {
            std::fs::write(&file, &hook).expect("a hook is written");
        }
        let expected = std::fs::read_to_string(&file).expect("a hook");
        assert!(
            hook == expected,
            "{shell} differs from {}; look, then MCAST_BLESS=1:\n{hook}",
            file.display()
        );
    }
}

/// What the hooks that are not run here are answered.
#[test]
fn other_shells_are_answered_in_their_ways() {
    let ask = |shell: &str, words: &[&str]| {
        let mut command = Command::new(MCAST);
        command.env("MCAST_COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", "2");
        command.args(["--", "mcast"]).args(words);
        Process::start(command).wait().stdout
    };
    for (shell, separator) in [("zsh", ":"), ("fish", "\t"), ("powershell", "\t"), ("elvish", "")] {
        let answer = ask(shell, &["man", "disc"]);
        let (word, help) = match separator {
            "" => (&*answer, "Ask a group"),
            separator => {
                answer.split_once(separator).unwrap_or_else(|| panic!("{shell}: {answer}"))
            }
        };
        assert!(word == "discover" && help.starts_with("Ask a group"), "{shell}: {answer}");
        let answer = ask(shell, &["discover", "--eff"]);
        assert!(answer.contains("--effort"), "{shell}: {answer}");
    }
}
