//! Opening the sockets of all protocols, and doing without those that can't be had.

use mcast_dialects::mdns::Port;
use mcast_net::{Endpoint, Settings};

use super::machines::{Choir, Plan};
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
    let choir = plan.choir(voices, Port::Own)?;
    let error = match Endpoint::of(&choir.machines, settings) {
        Ok(endpoint) => return Ok((choir, endpoint)),
        Err(error) => error,
    };
    let alone = |voice: &Voice, port| -> Result<(), Failure> {
        let Choir { machines, .. } = plan.choir([voice], port)?;
        // It is closed again: this is to see whether it can be had.
        Ok(Endpoint::of(&machines, settings).map(drop)?)
    };
    let (mut left, mut port, mut why) = (Vec::new(), Port::Own, Vec::new());
    for voice in voices {
        match alone(voice, Port::Own) {
            Ok(()) => left.push(voice),
            Err(failure) if *voice == Voice::Mdns && alone(voice, Port::Private).is_ok() => {
                left.push(voice);
                port = Port::Private;
                why.push(format!(
                    "{failure}; mdns is asked in from another port: what it says unasked is not heard, so \
                     who comes is noticed late and who says goodbye is lost two minutes later"
                ));
            }
            Err(failure) => why.push(format!("{} is left out: {failure}", voice.name())),
        }
    }
    // Where none can be had, or each alone, it is not for want of one of them.
    if left.is_empty() || why.is_empty() {
        return Err(error.into());
    }
    let choir = plan.choir(left, port)?;
    let endpoint = Endpoint::of(&choir.machines, settings)?;
    why.iter().for_each(|why| TERMINAL.warn(why));
    Ok((choir, endpoint))
}
