//! What the binary says where no network is needed: help, usage errors, completions, manual.

use std::process::{Command, Output};

const VERBS: [&str; 10] = [
    "discover",
    "respond",
    "send",
    "listen",
    "scan",
    "doctor",
    "demo",
    "key",
    "completions",
    "man",
];

fn mcast(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mcast")).args(words).output().expect("mcast runs")
}

fn stdout(words: &[&str]) -> String {
    let output = mcast(words);
    assert!(output.status.success(), "{words:?}: {output:?}");
    assert!(output.stderr.is_empty(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).expect("what mcast says is UTF-8")
}

/// Asserts that the words end with `code` and one line on stderr, which it returns.
fn refused(words: &[&str], code: i32) -> String {
    // Nothing is ever sent by this machine's own cards: who takes the words after all finds no interface.
    let network = ["discover", "respond", "send", "listen", "scan"];
    let nowhere = if words.iter().any(|word| network.contains(word)) {
        &["-i", "no-such-0"][..]
    } else {
        &[]
    };
    let output = mcast(&[words, nowhere].concat());
    assert_eq!(output.status.code(), Some(code), "{words:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{words:?}: {output:?}");
    let said = String::from_utf8(output.stderr).expect("what mcast says is UTF-8");
    assert!(said.starts_with("mcast: ") && said.lines().count() == 1, "{words:?}: {said}");
    said
}

#[test]
fn help_names_every_verb() {
    let help = stdout(&["--help"]);
    for verb in VERBS {
        assert!(help.contains(&format!("\n  {verb} ")), "{help}");
        let of_verb = stdout(&[verb, "--help"]);
        assert_eq!(stdout(&["help", verb]), of_verb);
    }
}

#[test]
fn facts_that_were_kept_are_judged_without_a_look_at_this_machine() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../doctor/fixtures/stateful-firewall.json");
    let kept = std::fs::read_to_string(file).unwrap();
    // The fixture has what is expected beside the facts.
    let facts = kept.split_once("\"facts\": ").unwrap().1.trim_end().strip_suffix('}').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("facts.json");
    std::fs::write(&file, facts).unwrap();
    let file = file.to_str().unwrap();
    let output = mcast(&["doctor", "--json", "--judge", file]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.starts_with(r#"{"event":"finding","code":"firewall_unicast","level":"fault""#),
        "{said}"
    );
    assert!(said.lines().last().unwrap().starts_with(r#"{"event":"done","faults":1,"warnings":0"#));
    let output = mcast(&["doctor", "--judge", file]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("mcast doctor: 1 fault   wlan0"), "{said}");
    refused(&["doctor", "--judge", "/nowhere/facts.json"], 2);
    refused(&["doctor", "--judge", file, "--for", "5m"], 2);
}

#[test]
fn help_says_what_a_ttl_and_a_burst_are() {
    let help = stdout(&["help", "respond"]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("1 stays on this network"), "{help}");
    assert!(help.contains("with 2/5 one source gets 4 answers, and then 2 a second"), "{help}");
}

#[test]
fn the_version_is_the_crates() {
    assert_eq!(stdout(&["--version"]), format!("mcast {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn without_a_verb_help_is_shown_and_the_exit_code_is_2() {
    let output = mcast(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("Usage: mcast"));
}

#[test]
fn every_shell_gets_completions_that_ask_this_program() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = stdout(&["completions", shell]);
        assert!(script.contains("MCAST_COMPLETE"), "{shell}: {script}");
    }
    assert!(refused(&["completions", "dos"], 2).contains("possible values: bash"));
}

#[test]
fn the_manual_has_a_page_for_all_and_one_for_each_verb() {
    let page = stdout(&["man"]);
    for verb in VERBS {
        assert!(page.contains(&format!("mcast\\-{verb}(1)")), "{verb} is not in {page}");
        assert!(stdout(&["man", verb]).contains(&format!(".TH mcast-{verb} 1")), "{verb}");
    }
    assert!(refused(&["man", "dance"], 2).contains("no verb \"dance\""));
}

#[test]
fn what_is_wrong_is_told_in_one_line_before_anything_is_opened() {
    for (words, said) in [
        (&["discover", "-g", "10.0.0.1"][..], "10.0.0.1 is not a multicast address"),
        (&["discover", "-g", "224.1.1.1:0"], "\"0\" is not a port"),
        (&["discover", "-g", "224.1.1.1:70000"], "\"70000\" is not a port"),
        (&["discover", "-4", "-g", "ff02::1"], "group [ff02::1] is not IPv4"),
        (&["discover", "-6", "-g", "224.1.1.1"], "group 224.1.1.1 is not IPv6"),
        (&["discover", "--source-port", "0"], "\"0\" is not a port"),
        (&["discover", "--payload-hex", "4d6"], "these are 3"),
        (&["discover", "--payload-hex", "zz"], "'z' is not a hexadecimal digit"),
        (&["discover", "-p", "a", "--payload-hex", "61"], "cannot be used with"),
        (&["discover", "--payload-file", "/no/such/file"], "cannot open /no/such/file"),
        (&["discover", "-t", "0s"], "too short"),
        (&["discover", "--deadline", "soon"], "not a duration"),
        (&["discover", "-n", "0"], "not a count"),
        (&["discover", "--ttl", "256"], "not in 0..=255"),
        (&["discover", "--watch", "-t", "1s"], "cannot be used with"),
        (&["discover", "--every", "1s"], "not provided: --watch"),
        (&["discover", "--watch", "--service", "a", "--every", "1s"], "cannot be used with"),
        (&["discover", "--where", "a=b"], "not provided: --service"),
        (&["discover", "--service", ""], "not a name"),
        (&["discover", "--service", "a", "-p", "b"], "cannot be used with"),
        (&["discover", "--service", "a", "--where", "=b"], "not an attribute"),
        (&["discover", "--service", "a", "--effort", "some"], "fast, normal, thorough"),
        (&["respond", "--rate", "0"], "not a number of answers"),
        (&["respond", "--name", "a", "--service", "b"], "belongs after the --service"),
        (&["respond", "--name", "a"], "see mcast respond --help"),
        (&["respond", "--fish"], "see mcast respond --help"),
        (&["respond", "--service", "*"], "write the name of the one that is offered"),
        (&["respond", "--service", "a", "--port", "0"], "not a port"),
        (&["respond", "--service", "a", "--lease", "9s"], "not a lease"),
        (&["respond", "--service", "a", "--no-plain", "--reply", "b"], "cannot be used with"),
        (&["respond", "--no-plain"], "not provided: <--service <NAME>|--config <FILE>>"),
        (&["respond", "--service", "a", "--config", "b"], "cannot be used with"),
        (&["respond", "--config", "/no/such/file"], "cannot read /no/such/file"),
        (&["respond", "--service", "a", "-n", "1"], "cannot be used with"),
        (&["respond", "--reply", "a", "--reply-file", "b"], "cannot be used with"),
        (&["send", "a", "--payload-hex", "61"], "cannot be used with"),
        (&["listen", "--hex", "--raw"], "cannot be used with"),
        (&["listen", "--source", "224.1.1.1"], "224.1.1.1"),
        (&["listen", "--source", "printer"], "invalid IP address"),
        (&["-q", "-v", "listen"], "cannot be used with"),
        (&["frobnicate"], "unrecognized subcommand"),
    ] {
        let line = refused(words, 2);
        assert!(line.contains(said), "{words:?}: {line}");
    }
    let line = refused(&["discover"], 3);
    assert!(line.contains("no interface named \"no-such-0\"; there are: "), "{line}");
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_or_guess_is_refused() {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder of our own");
    let path = folder.path().join("key");
    let path = path.to_str().expect("a path in UTF-8");
    let with = |mode, secret: &str| {
        write(path, secret).expect("the key is written");
        set_permissions(path, Permissions::from_mode(mode)).expect("its mode is set");
        // Whoever comes as far as the interface got past the key.
        let words = ["discover", "--service", "a", "-i", "no-such-0", "--key-file", path];
        String::from_utf8(mcast(&words).stderr).expect("what mcast says is UTF-8")
    };
    let secret = "a passphrase, long enough";
    for mode in [0o640, 0o604, 0o620] {
        let said = with(mode, secret);
        assert!(said.contains(&format!("chmod 600 {path}")) && !said.contains(secret), "{said}");
    }
    let short = with(0o600, "fifteen bytes!!\n");
    assert!(short.contains("16 bytes at least") && !short.contains("fifteen"), "{short}");
    assert!(with(0o600, &"x".repeat(4097)).contains("longer than a key"));
    assert!(with(0o400, secret).contains("no interface named"));
}

#[test]
fn a_payload_that_no_datagram_can_hold_is_refused() {
    let text = "x".repeat(65_508);
    assert!(refused(&["send", &text], 2).contains("65507 bytes at the most"));
    assert!(refused(&["respond", "--reply", &text], 2).contains("65507 bytes at the most"));
}

/// What the words show on a terminal.
#[cfg(target_os = "linux")]
fn on_a_terminal(words: &str, no_color: Option<&str>) -> mcast_tests::netns::Finished {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcast"));
    command.args(words.split(' ')).env("TERM", "xterm");
    command.env_remove("NO_COLOR").envs(no_color.map(|value| ("NO_COLOR", value)));
    mcast_tests::netns::Process::start_on_terminal(command).wait()
}

#[cfg(target_os = "linux")]
#[test]
fn raw_bytes_are_kept_from_a_terminal() {
    let finished = on_a_terminal("listen --raw", None);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.stdout.contains("--raw does not write to a terminal"), "{finished:?}");
}

#[test]
fn colours_are_for_those_who_want_them() {
    let is_colored = |color| {
        let output = mcast(&["discover", "-i", "no-such-0", "--color", color]);
        output.stderr.contains(&0x1b)
    };
    assert!(is_colored("always"));
    assert!(!is_colored("never"));
    assert!(!is_colored("auto"), "stderr is a pipe");
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_colours_unless_no_color_says_otherwise() {
    let is_colored = |words, no_color| on_a_terminal(words, no_color).stdout.contains('\x1b');
    assert!(is_colored("discover -i no-such-0", None));
    assert!(!is_colored("discover -i no-such-0", Some("1")));
    assert!(!is_colored("discover -i no-such-0 --color never", None));
}
