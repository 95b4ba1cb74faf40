//! Offering services by the structured protocol.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use mcast_net::IdSource;
use mcast_net::clock::Clock;
use mcast_proto::Instant;
use mcast_proto::service::{Answering, Responders};
use mcast_proto::wire::Keyring;

use super::answerer::Answerer;
use super::offered::{Offered, steps};
use crate::config::{Config, Lease};
use crate::failure::Failure;
use crate::offer::{OfferWords, Offers};
use crate::parse::{RateLimit, parse_lease};

/// What is offered, and to whom.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Services")]
pub(super) struct Services {
    #[command(flatten)]
    offers: Offers,

    /// Offer the services that a file tells, as TOML: [[services]] with service, name, port, txt and id
    /// each, and above them lease, no-plain and key-file. SIGUSR1 has it read again
    #[arg(long, value_name = "FILE", group = "offered")]
    config: Option<PathBuf>,

    /// How long others keep the services in their lists without hearing from us, 10s to 24h
    /// [default: 120s]
    #[arg(long, value_name = "DURATION", value_parser = parse_lease, requires = "offered")]
    lease: Option<Duration>,

    /// Answer only those that have this key, and no plain probes. The file holds random bytes or a
    /// passphrase, at least 16 bytes, and only you may read it. May be repeated: the first is used to
    /// send, all are accepted
    #[arg(
        long, value_name = "FILE", requires = "offered", conflicts_with_all = ["answer", "only"],
    )]
    key_file: Vec<PathBuf>,

    /// Offer only the services: do not answer plain probes
    #[arg(long, requires = "offered", conflicts_with_all = ["answer", "only"])]
    no_plain: bool,
}

impl Services {
    /// The file that tells the services.
    pub(super) fn file(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// What the options say, and where they are silent the file.
    pub(super) fn resolve(&self) -> Result<Config, Failure> {
        let Services { offers, config, lease, key_file, no_plain } = self;
        let mut resolved = match config {
            Some(path) => Config::read(path)?,
            None => Config { services: offers.0.clone(), ..Config::default() },
        };
        resolved.lease = lease.map(Lease).or(resolved.lease);
        resolved.no_plain |= no_plain;
        if !key_file.is_empty() {
            resolved.key_file.clone_from(key_file);
        }
        let mut ids = BTreeSet::new();
        match resolved.services.iter().filter_map(|words| words.id).find(|id| !ids.insert(*id)) {
            Some(id) => Err(Failure::usage(format!("two services have the id {id:016x}"))),
            None => Ok(resolved),
        }
    }
}

impl Config {
    /// Whether plain probes are answered too: who has a key answers nobody without.
    pub(super) fn answers_plain(&self) -> bool {
        self.services.is_empty() || !self.no_plain && self.key_file.is_empty()
    }
}

/// What all the services of one process have in common.
pub(super) struct Common {
    /// `None`: the protocol's default.
    pub(super) lease: Option<Duration>,
    pub(super) rate: RateLimit,
    pub(super) allow_off_link: bool,
    pub(super) keyring: Option<Keyring>,
}

/// Offers services, under ids that are claimed of these.
pub(super) fn offer(
    offers: &[OfferWords],
    common: &Common,
    ids: &IdSource,
) -> Result<(Answerer, Vec<Offered>), Failure> {
    let default = Answering::default();
    let mut machine = Responders::new(
        Answering {
            boot: Clock::boot(),
            lease: common.lease.unwrap_or(default.lease),
            rate: common.rate.0,
            allow_off_link: common.allow_off_link,
            keyring: common.keyring.clone(),
            ..default
        },
        mcast_net::seed(),
    );
    let mut offered = Vec::new();
    for step in steps(&mut offered, offers, ids)? {
        // It starts with its driver.
        let made = step.make(&mut machine, Instant::ZERO);
        made.map_err(|unfit| Failure::usage(unfit.to_string()))?;
    }
    Ok((Answerer::services(machine), offered))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser as _;

    use super::*;
    use crate::command::{Cli, Verb};

    fn resolved(words: &[&str]) -> Result<Config, String> {
        let words = ["mcast", "respond"].iter().chain(words);
        let Verb::Respond(respond) = Cli::try_parse_from(words).expect("it parses").verb else {
            unreachable!("respond was asked for");
        };
        respond.services.resolve().map_err(|failure| failure.to_string())
    }

    #[test]
    fn what_the_options_say_goes_before_what_the_file_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("services.toml");
        let text = "lease = \"60s\"\nkey-file = [\"key\"]\n[[services]]\nservice = \"a\"\n";
        fs::write(&path, text).unwrap();
        let file = ["--config", path.to_str().unwrap()];
        let of_file = resolved(&file).unwrap();
        assert_eq!(
            (of_file.lease, of_file.no_plain),
            (Some(Lease(Duration::from_secs(60))), false)
        );
        assert_eq!(of_file.key_file, [folder.path().join("key")]);
        let options = ["--lease", "30s", "--key-file", "other", "--no-plain"];
        let of_both = resolved(&[&file[..], &options].concat()).unwrap();
        assert_eq!((of_both.lease, of_both.no_plain), (Some(Lease(Duration::from_secs(30))), true));
        assert_eq!(of_both.key_file, [PathBuf::from("other")]);
        assert_eq!(of_both.services, of_file.services);
    }

    #[test]
    fn a_file_that_is_too_long_is_no_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("services.toml");
        let file = ["--config", path.to_str().unwrap()];
        for (comment, is_one) in [(1 << 19, true), (1 << 20, false)] {
            let text = format!("[[services]]\nservice = \"a\"\n#{}", "x".repeat(comment));
            fs::write(&path, text).unwrap();
            let error = resolved(&file).err();
            assert_eq!(error.is_none(), is_one, "{error:?}");
            assert!(error.is_none_or(|error| error.contains("is longer than 1048576 bytes")));
        }
    }

    #[test]
    fn no_two_services_of_one_program_have_one_id() {
        let with = |id| resolved(&["--service", "a", "--id", "7", "--service", "b", "--id", id]);
        assert_eq!(with("07").unwrap_err(), "two services have the id 0000000000000007");
        assert_eq!(with("8").unwrap().services.len(), 2);
        assert!(resolved(&["--service", "a", "--service", "a"]).is_ok(), "they have none yet");
    }
}
