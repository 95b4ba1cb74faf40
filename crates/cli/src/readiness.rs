//! What the manager of services is told, where one has started us: systemd, or whoever else sets NOTIFY_SOCKET.

use crate::escape::OneLine;

/// Says that everything is open, and what it is.
pub(crate) fn ready(status: &str) {
    tell(&format!("READY=1\nSTATUS={}", OneLine(status)));
}

/// Says that the end has begun.
pub(crate) fn stopping() {
    tell("STOPPING=1");
}

/// The run does not depend on who watches it.
fn tell(state: &str) {
    if let Err(error) = send(state) {
        log::warn!("cannot tell the manager of services ($NOTIFY_SOCKET): {error}");
    }
}

/// One datagram to the socket that the variable names, where there is one: a path, or after an @ an abstract name
/// (sd_notify(3)).
#[cfg(target_os = "linux")]
fn send(state: &str) -> std::io::Result<()> {
    use std::ffi::OsStr;
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::time::Duration;

    /// Who does not read does not keep us from answering.
    const PATIENCE: Duration = Duration::from_secs(1);

    let Some(name) = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
        return Ok(());
    };
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        path => SocketAddr::from_pathname(OsStr::from_bytes(path))?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.send_to_addr(state.as_bytes(), &address).map(drop)
}

/// Other systems have no such manager.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn send(_: &str) -> std::io::Result<()> {
    Ok(())
}
