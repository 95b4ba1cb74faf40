//! Ending a run from another thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a waker writes and a driver waits for: loopback UDP on Windows alone, where nothing else can
/// be waited for together with sockets.
#[cfg(unix)]
pub(crate) type WakeSocket = std::os::unix::net::UnixStream;
#[cfg(windows)]
pub(crate) type WakeSocket = std::net::UdpSocket;

/// Asks a driver's machine to come to its end, from any thread. See
/// [`Driver::stopper`](crate::Driver::stopper).
#[derive(Debug, Clone)]
pub struct Stopper(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    is_asked: AtomicBool,
    sender: WakeSocket,
}

impl Stopper {
    /// Ends the run: the machine sends what it still has to, and [`Driver::run`](crate::Driver::run)
    /// returns. Stopping twice, or after the end, is harmless.
    pub fn stop(&self) {
        self.0.is_asked.store(true, Ordering::Release);
        self.wake();
    }

    /// Has the driver look what is new.
    pub(crate) fn wake(&self) {
        // Where it fails the socket is full of such, and wakes already.
        let _ = wake(&self.0.sender);
    }

    pub(crate) fn new() -> io::Result<(Stopper, WakeSocket)> {
        let (wakeups, sender) = pair()?;
        Ok((Stopper(Arc::new(Shared { is_asked: AtomicBool::new(false), sender })), wakeups))
    }

    /// Whether [`stop`](Self::stop) has been called.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.is_asked.load(Ordering::Acquire)
    }
}

#[cfg(unix)]
fn pair() -> io::Result<(WakeSocket, WakeSocket)> {
    let (wakeups, sender) = WakeSocket::pair()?;
    wakeups.set_nonblocking(true)?;
    sender.set_nonblocking(true)?;
    Ok((wakeups, sender))
}

#[cfg(windows)]
fn pair() -> io::Result<(WakeSocket, WakeSocket)> {
    let wakeups = WakeSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    wakeups.connect(wakeups.local_addr()?)?;
    wakeups.set_nonblocking(true)?;
    let sender = wakeups.try_clone()?;
    Ok((wakeups, sender))
}

#[cfg(unix)]
fn wake(mut sender: &WakeSocket) -> io::Result<()> {
    io::Write::write_all(&mut sender, &[1])
}

#[cfg(windows)]
fn wake(sender: &WakeSocket) -> io::Result<()> {
    sender.send(&[1]).map(|_| ())
}

/// Reads what has woken, so that it wakes no more until somebody wakes again.
pub(crate) fn drain(wakeups: &WakeSocket) {
    let mut buffer = [0; 64];
    #[cfg(unix)]
    while io::Read::read(&mut &*wakeups, &mut buffer).is_ok_and(|n| n > 0) {}
    #[cfg(windows)]
    while wakeups.recv(&mut buffer).is_ok() {}
}
