//! What the manager of services is told, where one has started us: systemd, or whoever else sets NOTIFY_SOCKET.

use crate::escape::OneLine;

/// Says that everything is open, and what it is.
pub(crate) fn ready(status: &str) {
    let status = OneLine(status).to_string();
    tell(&[State::Ready, State::Status(&status)]);
}

/// Says that the end has begun.
pub(crate) fn stopping() {
    tell(&[State::Stopping]);
}

/// The run does not depend on who watches it.
#[cfg(target_os = "linux")]
fn tell(states: &[State<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!("cannot tell the manager of services ($NOTIFY_SOCKET): {error}");
    }
}

#[cfg(target_os = "linux")]
use sd_notify::NotifyState as State;

/// Other systems have no such manager.
#[cfg(not(target_os = "linux"))]
fn tell(_: &[State<'_>]) {}

#[cfg(not(target_os = "linux"))]
#[expect(dead_code, reason = "it tells nobody")]
enum State<'a> {
    Ready,
    Status(&'a str),
    Stopping,
}
