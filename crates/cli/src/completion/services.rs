//! The services that are offered just now.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Command, FromArgMatches};
use clap_complete::engine::CompletionCandidate;
use mcast_net::{Driver, Endpoint};
use mcast_proto::Event;
use mcast_proto::service::{Discoverer, Discovery, Effort};

use super::safe::is_safe;
use crate::args::NetworkArgs;
use crate::parse::Protocol;
use crate::secret;

/// Who has pressed a key waits no longer.
const LONGEST: Duration = Duration::from_millis(400);

/// More can't be chosen from.
const MOST: usize = 200;

/// The services that answer a quick question, asked where the words so far say; none where anything is in the
/// way.
pub(super) fn candidates(command: Command) -> Vec<CompletionCandidate> {
    // The hook puts two dashes before the words.
    let words: Vec<OsString> =
        std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let names = ask(&command, &words).unwrap_or_default();
    names.into_iter().map(CompletionCandidate::new).collect()
}

fn ask(command: &Command, words: &[OsString]) -> Option<BTreeSet<String>> {
    let matches = understood(command, words)?;
    let (_, mut matches) = matches.subcommand().map(|(verb, matches)| (verb, matches.clone()))?;
    let keyring = secret::keyring(&key_files(&matches)).ok()?;
    // Only of a verb that has the network's options.
    matches.try_contains_id("interfaces").ok()?;
    let network = NetworkArgs::from_arg_matches_mut(&mut matches).ok()?;
    let endpoint = Endpoint::asking_peer(&network.settings(Protocol::Structured).ok()?).ok()?;
    let discovery = Discovery {
        effort: Effort::Fast,
        deadline: Some(LONGEST),
        silence: Some(LONGEST),
        keyring,
        ..Discovery::all()
    };
    let mut driver = Driver::new(Discoverer::new(discovery, mcast_net::seed()), endpoint);
    let mut names = BTreeSet::new();
    let run = driver.run(|heard| {
        if let Event::Found(finding) = heard.event
            && let Some(name) = finding.service().filter(|name| is_safe(name))
            && names.len() < MOST
        {
            names.insert(name.to_owned());
        }
    });
    run.ok().map(|_| names)
}

/// As much from the start as makes a command line, without the services: what is typed is seldom whole.
fn understood(command: &Command, words: &[OsString]) -> Option<ArgMatches> {
    let mut is_value = false;
    let is_left = |word: &&OsString| {
        let is_service = *word == "--service" || is_value;
        is_value = *word == "--service" && !is_value;
        !is_service && !word.to_string_lossy().starts_with("--service=")
    };
    let words: Vec<&OsString> = words.iter().filter(is_left).collect();
    let understood = |len: usize| {
        let matches = command.clone().try_get_matches_from(&words[..len]).ok()?;
        // Who names an interface in the rest does not want to be heard on the others.
        let names_one = |word: &&OsString| {
            let word = word.to_string_lossy();
            word.starts_with("-i") || word.starts_with("--interface")
        };
        Some((matches, words[len..].iter().any(names_one)))
    };
    let (matches, is_elsewhere) = (2..=words.len()).rev().find_map(understood)?;
    (!is_elsewhere).then_some(matches)
}

fn key_files(matches: &ArgMatches) -> Vec<PathBuf> {
    let files = matches.try_get_many::<PathBuf>("key_file").ok().flatten();
    files.map(|files| files.cloned().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::command::Cli;

    #[test]
    fn where_to_ask_is_read_from_words_that_are_not_whole() {
        for (line, interfaces) in [
            ("mcast discover -i eth0 --service ", &["eth0"][..]),
            ("mcast discover --service pr -i eth0 -i eth1", &["eth0", "eth1"]),
            ("mcast discover --service  -i eth0", &["eth0"]),
            ("mcast discover -i eth0 --service=", &["eth0"]),
            ("mcast discover -i eth0 --timeout --service ", &["eth0"]),
            ("mcast respond -i eth0 --service a --name b --service ", &["eth0"]),
            ("mcast discover --service ", &[]),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let matches = understood(&Cli::command(), &words).expect(line);
            let (_, matches) = matches.subcommand().expect(line);
            let named = matches.get_many::<mcast_net::Selector>("interfaces");
            let named: Vec<String> =
                named.into_iter().flatten().map(|it| format!("{it:?}")).collect();
            let expected: Vec<String> =
                interfaces.iter().map(|it| format!("Name({it:?})")).collect();
            assert_eq!(named, expected, "{line}");
        }
        for line in ["mcast --service", "mcast discover --ttl x -i eth0 --service "] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert!(understood(&Cli::command(), &words).is_none(), "{line}");
        }
    }
}
