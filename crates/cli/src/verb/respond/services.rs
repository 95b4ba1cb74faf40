//! Offering services by the structured protocol.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Args;
use mcast_net::clock::Clock;
use mcast_net::{Driver, Endpoint, Interface, Settings};
use mcast_proto::service::{Responder, Responding};
use mcast_proto::wire::Keyring;
use mcast_proto::{Instant, Machine};

use crate::config::Config;
use crate::failure::Failure;
use crate::offer::{OfferWords, Offers};
use crate::parse::{RateLimit, parse_lease};
use crate::render::Plural;
use crate::session::AnyDriver;
use crate::tick::Ticking;

/// What is offered, and to whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Services")]
pub(super) struct Services {
    #[command(flatten)]
    offers: Offers,

    /// Offer the services that a file tells, as TOML: [[services]] with service, name, port and txt
    /// each, and above them lease, no-plain and key-file
    #[arg(long, value_name = "FILE", group = "offered")]
    config: Option<PathBuf>,

    /// For how long others may take the services to be there without hearing of them, 10s to 24h
    /// [default: 120s]
    #[arg(long, value_name = "DURATION", value_parser = parse_lease, requires = "offered")]
    lease: Option<Duration>,

    /// Answer those alone that have this key, and no plain probes: a file that nobody else can read,
    /// with random bytes or a passphrase, 16 bytes at least; may be repeated, the first is answered with
    /// and all are accepted
    #[arg(
        long, value_name = "FILE", requires = "offered", conflicts_with_all = ["answer", "only"],
    )]
    key_file: Vec<PathBuf>,

    /// Offer the services alone: leave plain probes unanswered
    #[arg(long, requires = "offered", conflicts_with_all = ["answer", "only"])]
    no_plain: bool,
}

impl Services {
    /// What the options say, and where they are silent the file.
    pub(super) fn resolve(&self) -> Result<Config, Failure> {
        let Services { offers, config, lease, key_file, no_plain } = self;
        let mut resolved = match config {
            Some(path) => Config::read(path)?,
            None => Config { services: offers.0.clone(), ..Config::default() },
        };
        resolved.lease = lease.or(resolved.lease);
        resolved.no_plain |= no_plain;
        if !key_file.is_empty() {
            resolved.key_file.clone_from(key_file);
        }
        Ok(resolved)
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

/// A driver for each service, with sockets of its own.
pub(super) fn drivers(
    offers: &[OfferWords],
    common: &Common,
    settings: &Settings,
) -> Result<Vec<AnyDriver>, Failure> {
    let machine_id = std::fs::read("/etc/machine-id").unwrap_or_default();
    let interfaces = mcast_net::interfaces()?;
    let since_1970 = Clock::wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let start = |words: &OfferWords| {
        let default = Responding::of(words.offer().map_err(Failure::usage)?);
        let response = Responding {
            id: known_id(words, &machine_id, &interfaces),
            boot: u32::try_from(since_1970.as_secs()).unwrap_or(u32::MAX),
            lease: common.lease.unwrap_or(default.lease),
            rate: common.rate.0,
            allow_off_link: common.allow_off_link,
            keyring: common.keyring.clone(),
            ..default
        };
        let machine = Responder::new(response, mcast_net::seed());
        let machine: Box<dyn Machine + Send> = if log::log_enabled!(log::Level::Info) {
            Box::new(Ticking::new(machine, Some((Duration::from_secs(1), report_strangers()))))
        } else {
            Box::new(machine)
        };
        Ok(Driver::new(machine, Endpoint::peer(settings)?))
    };
    offers.iter().map(start).collect()
}

/// Tells, where that is asked for, that some ask who do not have our key.
fn report_strangers() -> impl FnMut(Instant, &Responder) + Send {
    let mut told = 0;
    move |now, responder| {
        let refused = responder.summary(now).unauthentic;
        if refused > told {
            log::info!("{} with another key than ours, or none", Plural(refused - told, "query"));
            told = refused;
        }
    }
}

/// The number of a service that has a name: the same after a restart, so that it is seen to be one.
/// It is that of nobody else, as long as no two on one machine offer the same service at the same port
/// by the same name. Machines that are copies of each other are told apart by their addresses.
fn known_id(words: &OfferWords, machine_id: &[u8], interfaces: &[Interface]) -> Option<u64> {
    let name = words.name.as_ref()?;
    let mut addresses: Vec<IpAddr> = interfaces
        .iter()
        .filter(|interface| !interface.loopback)
        .flat_map(|interface| interface.addresses.iter().map(|network| network.address))
        .collect();
    addresses.sort_unstable();
    // Another release may hash in another way: then it is another responder, once.
    let mut hasher = DefaultHasher::new();
    (machine_id, addresses, &words.service, name, words.port).hash(&mut hasher);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_again_and_nobody_elses() {
        let words = |service: &str, name: Option<&str>, port| OfferWords {
            service: service.into(),
            name: name.map(Into::into),
            port,
            txt: Vec::new(),
        };
        let printer = words("printer", Some("lab-3"), Some(631));
        let id = |words: &OfferWords, machine: &str| known_id(words, machine.as_bytes(), &[]);
        assert!(id(&printer, "a").is_some());
        assert_eq!(id(&printer, "a"), id(&printer, "a"));
        assert_ne!(id(&printer, "a"), id(&printer, "b"));
        for other in [
            words("scanner", Some("lab-3"), Some(631)),
            words("printer", Some("lab-4"), Some(631)),
            words("printer", Some("lab-3"), None),
        ] {
            assert_ne!(id(&printer, "a"), id(&other, "a"));
        }
        assert_eq!(id(&words("printer", None, Some(631)), "a"), None);
    }
}
