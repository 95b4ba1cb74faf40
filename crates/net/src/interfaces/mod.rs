//! This machine's network interfaces: which there are, which are used, and who is a neighbour on them.

pub(crate) mod choice;
#[cfg(not(target_os = "linux"))]
mod getifaddrs;
pub(crate) mod interface;
pub(crate) mod link;
pub(crate) mod neighbour;
pub(crate) mod neighbours;
mod news;
pub(crate) mod numbers;
#[cfg(target_os = "linux")]
mod rtnetlink;
pub(crate) mod selector;
pub(crate) mod watch;
pub(crate) mod zone;

use std::io;
use std::net::IpAddr;

use crate::error::Error;
use crate::settings::Settings;
use choice::{Choice, Chosen, check_known, check_reach};
#[cfg(not(target_os = "linux"))]
pub(crate) use getifaddrs::Kernel;
use interface::Interface;
use link::Link;
#[cfg(target_os = "linux")]
pub(crate) use rtnetlink::Rtnetlink as Kernel;

/// Lists this machine's interfaces, by index.
///
/// # Errors
///
/// When the system can't list them.
pub fn interfaces() -> Result<Vec<Interface>, Error> {
    Kernel::new().and_then(|mut kernel| kernel.interfaces()).map_err(unlisted)
}

/// Lists this machine's interfaces with what sockets opened with these settings would make of each, by
/// index.
///
/// # Errors
///
/// When the system can't list them, or the settings ask for what is not there.
pub fn choice(settings: &Settings) -> Result<Vec<Chosen>, Error> {
    settings.check()?;
    let interfaces = interfaces()?;
    check_known(&interfaces, &settings.interfaces)?;
    check_reach(&interfaces, settings)?;
    Ok(Choice::new(&interfaces, settings).told(interfaces))
}

/// Lists what this machine's interfaces are made of, by index.
///
/// # Errors
///
/// When the system can't list them: on Linux alone it can.
pub fn links() -> Result<Vec<Link>, Error> {
    Kernel::new().and_then(|mut kernel| kernel.links()).map_err(unlisted)
}

/// The number of the interface by which the system sends to an address, a group too, where a program does
/// not choose one; `None` where it has no route.
///
/// # Errors
///
/// When the system can't tell: on Linux alone it can.
pub fn route_to(ip: IpAddr) -> Result<Option<u32>, Error> {
    let asked = Kernel::new().and_then(|mut kernel| kernel.route_to(ip));
    asked.map_err(|cause| Error::system("ask for a route", cause))
}

/// The error that the system does not list its interfaces.
pub(crate) fn unlisted(cause: io::Error) -> Error {
    Error::system("list the interfaces", cause)
}
