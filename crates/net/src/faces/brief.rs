//! The usual runs, each in one call.

use mcast_proto::service::{Discoverer, Discovery, Offer, Responder, Responding, Watcher};
use mcast_proto::wire::{DecodeError, Tlv};

use crate::clock::Clock;
use crate::driver::Driver;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::identity::ClaimedId;
use crate::seed;
use crate::settings::Settings;

/// Finds all who offer a service, on every interface and over both families, within three seconds.
///
/// ```no_run
/// use mcast_proto::Event;
///
/// for heard in mcast_net::discover("printer")?.into_events()? {
///     if let Event::Found(printer) = heard.as_heard().event {
///         println!("{:?} at {}", printer.name(), printer.from.remote.ip());
///     }
/// }
/// # Ok::<(), mcast_net::Error>(())
/// ```
///
/// For other words than these make a [`Discoverer`] and [open](Driver::open) its driver.
///
/// # Errors
///
/// When the service is empty, longer than 255 bytes or has control characters, and as [`Driver::open`].
pub fn discover(service: &str) -> Result<Driver<Discoverer>, Error> {
    let discovery = Discovery::of(service).map_err(unfit)?;
    Driver::open(Discoverer::new(discovery, seed()), &Settings::default())
}

/// Tells who offers a service, who changes and who goes, until it is stopped.
///
/// # Errors
///
/// As [`discover`].
pub fn watch(service: &str) -> Result<Driver<Watcher>, Error> {
    let discovery = Discovery::of(service).map_err(unfit)?;
    Driver::open(Watcher::new(discovery, seed()), &Settings::default())
}

/// Offers a service on every interface and over both families, until it is stopped. Its
/// [id](ClaimedId) is the same after every start.
///
/// ```no_run
/// use mcast_proto::service::Offer;
///
/// let printer = Offer::new("printer")?.name("lab-3")?.port(631)?;
/// let events = mcast_net::offer(printer)?.into_events()?;
/// // Until then it is found.
/// drop(events);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// For other words than these make a [`Responder`] and [open](Driver::open) its driver, and for several services
/// a [`Responders`](mcast_proto::service::Responders).
///
/// # Errors
///
/// As [`Driver::open`].
pub fn offer(offer: Offer) -> Result<Driver<Responder>, Error> {
    let boot = Clock::boot();
    let responder =
        |id, offer| Responder::new(Responding { id, boot, ..Responding::of(offer) }, seed());

    let endpoint = Endpoint::of(&responder(None, offer.clone()), &Settings::default())?;
    let (mut service, mut name) = ("", "");
    for tlv in offer.tlvs().iter() {
        match tlv {
            Tlv::Service(it) => service = it,
            Tlv::Name(it) => name = it,
            _ => {}
        }
    }
    let claimed = ClaimedId::claim(&endpoint, service, name);
    let machine = responder(Some(claimed.id()), offer);
    let mut driver = Driver::new(machine, endpoint);
    driver.claimed = Some(claimed);
    Ok(driver)
}

fn unfit(error: DecodeError) -> Error {
    Error::new(ErrorKind::Settings, format!("this is no service: {error}"))
}
