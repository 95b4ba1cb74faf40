//! All of it in its order: what the kernel says, what datagrams do, and by how much its counters grew.

use std::time::Duration;

use mcast_net::{Error, Settings};

use crate::facts::Facts;
use crate::gather;
use crate::gather::counters::Snapshot;
use crate::probe::{self, Conduct, USUAL_TIME};

/// Examines this machine, and what is heard of others in so long a time, or in the usual one.
///
/// # Errors
///
/// When the system does not list its interfaces, or the settings ask for one that is not there.
pub fn examine(
    settings: &Settings,
    how_long: Option<Duration>,
    conduct: &mut Conduct<'_>,
) -> Result<Facts, Error> {
    let counters = Snapshot::take();
    let mut facts = gather::local(settings)?;
    if facts.interfaces.iter().any(|it| it.used) {
        facts.echoes = probe::echoes(&facts.interfaces, conduct);
        facts.signal = probe::signal(&facts.interfaces, how_long.unwrap_or(USUAL_TIME), conduct);
    }
    facts.counters = counters.since();
    Ok(facts)
}

/// The little that is found out in a moment and without a datagram that leaves this machine: which interfaces
/// are used, and whether what is sent to groups comes back.
///
/// # Errors
///
/// As [`examine`].
pub fn glance(settings: &Settings, conduct: &mut Conduct<'_>) -> Result<Facts, Error> {
    let interfaces = gather::interfaces(settings)?;
    let echoes = probe::echoes(&interfaces, conduct);
    Ok(Facts { interfaces, echoes, ..Facts::default() })
}
