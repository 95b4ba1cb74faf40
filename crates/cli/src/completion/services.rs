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
    let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    let names = ask(command, words.collect()).unwrap_or_default();
    names.into_iter().map(CompletionCandidate::new).collect()
}

fn ask(command: Command, words: Vec<OsString>) -> Option<BTreeSet<String>> {
    // What is typed is seldom whole.
    let matches = command.ignore_errors(true).try_get_matches_from(words).ok()?;
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

fn key_files(matches: &ArgMatches) -> Vec<PathBuf> {
    let files = matches.try_get_many::<PathBuf>("key_file").ok().flatten();
    files.map(|files| files.cloned().collect()).unwrap_or_default()
}
