//! Ending a run from another thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a waker writes and a driver waits for: loopback UDP on Windows alone, where nothing else can
/// be waited for together with sockets.
#[cfg(unix)]
pub(crate) type Bell = std::os::unix::net::UnixStream;
#[cfg(windows)]
pub(crate) type Bell = std::net::UdpSocket;

/// Asks a driver's machine to come to its end, from any thread. See
/// [`Driver::stopper`](crate::Driver::stopper).
#[derive(Debug, Clone)]
pub struct Stopper(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    is_asked: AtomicBool,
    rope: Bell,
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
        // Where it fails the bell is full: it rings already.
        let _ = ring(&self.0.rope);
    }

    pub(crate) fn new() -> io::Result<(Stopper, Bell)> {
        let (bell, rope) = bell()?;
        Ok((Stopper(Arc::new(Shared { is_asked: AtomicBool::new(false), rope })), bell))
    }

    /// Whether [`stop`](Self::stop) has been called.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.is_asked.load(Ordering::Acquire)
    }
}

#[cfg(unix)]
fn bell() -> io::Result<(Bell, Bell)> {
    let (bell, rope) = Bell::pair()?;
    bell.set_nonblocking(true)?;
    rope.set_nonblocking(true)?;
    Ok((bell, rope))
}

#[cfg(windows)]
fn bell() -> io::Result<(Bell, Bell)> {
    let bell = Bell::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    bell.connect(bell.local_addr()?)?;
    bell.set_nonblocking(true)?;
    let rope = bell.try_clone()?;
    Ok((bell, rope))
}

#[cfg(unix)]
fn ring(mut rope: &Bell) -> io::Result<()> {
    io::Write::write_all(&mut rope, &[1])
}

#[cfg(windows)]
fn ring(rope: &Bell) -> io::Result<()> {
    rope.send(&[1]).map(|_| ())
}

/// Stills the bell, so that it is not heard again until it is rung again.
pub(crate) fn still(bell: &Bell) {
    let mut buffer = [0; 64];
    #[cfg(unix)]
    while io::Read::read(&mut &*bell, &mut buffer).is_ok_and(|n| n > 0) {}
    #[cfg(windows)]
    while bell.recv(&mut buffer).is_ok() {}
}
