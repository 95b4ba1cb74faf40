//! What the kernel says: read, without sending anything.

pub mod counters;
mod firewall;
mod host;
mod interfaces;
mod limits;
pub(crate) mod memberships;
mod ports;
mod routes;
mod system;

use mcast_net::{Error, Selector, Settings};
use mcast_proto::plain;

use crate::facts::{Facts, Interface};

/// What this machine's kernel says of itself, for sockets that would be opened with these settings; with no
/// groups in them, for mcast's own of both families. What only shows in time, or by sending, is left empty:
/// counters, echoes, the signal and the partner.
///
/// # Errors
///
/// When the system does not list its interfaces, or the settings ask for one that is not there.
pub fn local(settings: &Settings) -> Result<Facts, Error> {
    let interfaces = interfaces(settings)?;
    Ok(Facts {
        host: host::host(),
        chosen: settings.interfaces.iter().any(|it| !matches!(it, Selector::Except(_))),
        routes: routes::routes(&interfaces),
        limits: limits::limits(),
        ports: ports::all(&interfaces),
        firewall: firewall::read(),
        interfaces,
        ..Facts::default()
    })
}

/// The interfaces alone.
///
/// # Errors
///
/// As [`local`].
pub fn interfaces(settings: &Settings) -> Result<Vec<Interface>, Error> {
    let mut settings = settings.clone();
    if settings.groups.is_empty() {
        settings.groups =
            vec![(plain::GROUP_V4, plain::PORT).into(), (plain::GROUP_V6, plain::PORT).into()];
    }
    interfaces::all(&settings)
}
