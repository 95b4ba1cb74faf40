//! All of it in its order: what the kernel says, what datagrams do, and by how much its counters grew.

use std::time::Duration;

use mcast_net::{Error, Settings};

use crate::facts::Facts;
use crate::gather;
use crate::gather::counters::Snapshot;
use crate::probe::{self, Conduct, USUAL_TIME};

/// For how long others are listened to where another host is tried after that: both together are to take less
/// than ten seconds.
const BRIEFLY: Duration = Duration::from_secs(3);

/// What is looked at beside this machine, and for how long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examination {
    /// Another host, by name or address, on which `mcast respond` runs.
    pub with: Option<String>,
    /// For how long: that host is tried, or without one others are listened to. `None`: as long as is usual.
    pub how_long: Option<Duration>,
}

/// Examines this machine, and its network by what others say and what another host answers.
///
/// # Errors
///
/// When the system does not list its interfaces, or the settings ask for one that is not there.
pub fn examine(
    settings: &Settings,
    examination: &Examination,
    conduct: &mut Conduct<'_>,
) -> Result<Facts, Error> {
    let counters = Snapshot::take();
    let mut facts = gather::local(settings)?;
    if facts.interfaces.iter().any(|it| it.used) {
        facts.echoes = probe::echoes(&facts.interfaces, conduct);
        let how_long = examination.how_long.unwrap_or_default();
        // What goes on for long is the other host's, where there is one.
        let listened = if examination.with.is_some() { BRIEFLY } else { how_long.max(USUAL_TIME) };
        facts.signal = probe::signal(&facts.interfaces, listened, conduct);
        let partner = examination.with.as_deref();
        facts.partner =
            partner.map(|host| probe::partner(host, &facts.interfaces, how_long, conduct));
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
