//! What ids are held on Linux: locks on the network namespace itself.
//!
//! A namespace is a file below `/proc`, one for all who share its addresses, whoever they are and whatever they
//! see of the file system. A lock of a byte of it stands for an id, so that one descriptor holds any number, and
//! all of them are free when it is closed. Nobody may write to that file, so the locks are shared ones, and a
//! lock of the whole file keeps others away while somebody looks whether there is one.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;

use super::claims::{Claims, lock};
use crate::sys::ranges;

/// The thread's: its sockets are in that, too.
const NAMESPACE: &str = "/proc/thread-self/ns/net";

pub(super) struct Register {
    namespace: File,
    place: (u64, u64),
}

impl Claims for Register {
    type Place = (u64, u64);

    fn open() -> io::Result<Register> {
        let namespace = File::open(NAMESPACE)?;
        let metadata = namespace.metadata()?;
        Ok(Register { namespace, place: (metadata.dev(), metadata.ino()) })
    }

    fn place(&self) -> (u64, u64) {
        self.place
    }

    fn take(&mut self, id: u64) -> io::Result<bool> {
        lock(&self.namespace)?;
        let taken = self.take_unless_held(offset(id));
        self.namespace.unlock()?;
        taken
    }

    fn give_back(&mut self, id: u64) -> io::Result<()> {
        ranges::unshare(&self.namespace, offset(id))
    }
}

impl Register {
    fn take_unless_held(&self, offset: u64) -> io::Result<bool> {
        let is_free = !ranges::is_shared_elsewhere(&self.namespace, offset)?;
        if is_free {
            ranges::share(&self.namespace, offset)?;
        }
        Ok(is_free)
    }
}

/// Offsets have 63 bits.
fn offset(id: u64) -> u64 {
    id >> 1
}
