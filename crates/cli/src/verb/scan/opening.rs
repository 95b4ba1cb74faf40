//! Opening the sockets of all protocols, and doing without those that can't be had.

use mcast_dialects::mdns::Port;
use mcast_net::{Endpoint, Error, ErrorKind, Settings};

use super::machines::{Choir, Plan, Reason};
use super::voices::Voice;
use crate::failure::Failure;
use crate::terminal::TERMINAL;

/// The machines of these protocols, with their sockets. One whose sockets can't be opened is done without, or,
/// if it is multicast DNS, asked in from another port; that is said.
pub(super) fn open(
    plan: &Plan,
    voices: &[Voice],
    settings: &Settings,
) -> Result<(Choir, Endpoint), Failure> {
    let port = match port_is_refused(plan, voices, settings)? {
        None => Port::Own,
        Some(error) => {
            TERMINAL.warn(format_args!(
                "{error}; mdns is asked in from another port: what is said unasked is not heard, so who comes \
                 is noticed late, and who says goodbye is lost two minutes later"
            ));
            Port::Private
        }
    };
    let choir = plan.choir(voices, port)?;
    for (name, reason) in &choir.left_out {
        match reason {
            Reason::Family => log::info!("{name} is left out: {reason}"),
            Reason::Port(_) => TERMINAL.warn(format_args!("{name} is left out: {reason}")),
        }
    }
    let error = match Endpoint::of(&choir.machines, settings) {
        Ok(endpoint) => return Ok((choir, endpoint)),
        Err(error) => error,
    };
    let (mut left, mut why) = (Vec::new(), Vec::new());
    for voice in voices.iter().filter(|voice| choir.speaks(voice)) {
        match alone(plan, voice, port, settings)? {
            None => left.push(voice),
            Some(error) => why.push(format!("{} is left out: {error}", voice.name())),
        }
    }
    // Where none can be had, or each alone, it is not for want of one of them.
    if left.is_empty() || why.is_empty() {
        return Err(error.into());
    }
    why.iter().for_each(|why| TERMINAL.warn(why));
    let choir = plan.choir(left, port)?;
    let endpoint = Endpoint::of(&choir.machines, settings)?;
    Ok((choir, endpoint))
}

/// Why multicast DNS can't be watched from its port, if it can't: by one family is enough, since it would
/// neither ask nor hear by that.
fn port_is_refused(
    plan: &Plan,
    voices: &[Voice],
    settings: &Settings,
) -> Result<Option<Error>, Failure> {
    if plan.patience.is_some() || !voices.contains(&Voice::Mdns) {
        return Ok(None);
    }
    for is_ipv6 in [false, true].into_iter().filter(|is_ipv6| plan.speaks(*is_ipv6)) {
        let refused = alone(&plan.by(is_ipv6), &Voice::Mdns, Port::Own, settings)?;
        let is_taken =
            |error: &Error| matches!(error.kind(), ErrorKind::AddressInUse | ErrorKind::Permission);
        if let Some(error) = refused.filter(is_taken) {
            return Ok(Some(error));
        }
    }
    Ok(None)
}

/// Why one can't be opened, if it can't. Its sockets are closed again.
fn alone(
    plan: &Plan,
    voice: &Voice,
    port: Port,
    settings: &Settings,
) -> Result<Option<Error>, Failure> {
    let Choir { machines, .. } = plan.choir([voice], port)?;
    Ok(Endpoint::of(&machines, settings).err())
}
