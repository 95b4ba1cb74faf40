//! Where programs write down what ids they hold.

use std::fs::{File, TryLockError};
use std::io;
use std::thread;
use std::time::Duration;

/// Where all programs that share this host's addresses write down what they hold.
pub(super) trait Claims: Sized {
    /// What tells one such place from another.
    type Place: Copy + Eq;

    fn open() -> io::Result<Self>;

    fn place(&self) -> Self::Place;

    /// Writes down an id that this process does not hold, unless another does; says whether it has.
    fn take(&mut self, id: u64) -> io::Result<bool>;

    fn give_back(&mut self, id: u64) -> io::Result<()>;
}

/// Waits so often, and so long each time, for who looks something up. That takes microseconds, unless somebody
/// means to keep us out.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(2);

/// Locks a file while something is looked up and written down.
pub(super) fn lock(file: &File) -> io::Result<()> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other("another program keeps what ids are held locked"))
}
