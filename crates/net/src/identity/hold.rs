//! Keeping an id from other programs of this host.

use std::io;

/// An id that is held: the system gives it free when this is dropped, or the process ends.
#[derive(Debug)]
pub(super) struct Hold {
    #[cfg(all(target_os = "linux", not(feature = "portable")))]
    _socket: std::os::unix::net::UnixDatagram,
    #[cfg(any(not(target_os = "linux"), feature = "portable"))]
    _file: std::fs::File,
}

#[cfg(all(target_os = "linux", not(feature = "portable")))]
impl Hold {
    /// Holds an id, unless another program does. By an abstract socket, whose name is everybody's in one
    /// network namespace: users and containers that share its addresses see each other's, others don't.
    pub(super) fn of(id: u64) -> io::Result<Option<Hold>> {
        use std::os::linux::net::SocketAddrExt as _;
        use std::os::unix::net::{SocketAddr, UnixDatagram};

        let name = SocketAddr::from_abstract_name(format!("mcast id {id:016x}"))?;
        match UnixDatagram::bind_addr(&name) {
            Ok(socket) => Ok(Some(Hold { _socket: socket })),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(any(not(target_os = "linux"), feature = "portable"))]
impl Hold {
    /// Holds an id, unless another program of this user does. By a lock on a file, which stays.
    pub(super) fn of(id: u64) -> io::Result<Option<Hold>> {
        use std::fs::{File, TryLockError};

        let file = File::create(path(id))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Hold { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(any(not(target_os = "linux"), feature = "portable"))]
fn path(id: u64) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("mcast-id-{id:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_held_once_and_free_again_after() {
        let id = crate::seed();
        let hold = Hold::of(id).unwrap();
        assert!(hold.is_some());
        assert!(Hold::of(id).unwrap().is_none());
        assert!(Hold::of(id ^ 1).unwrap().is_some());
        drop(hold);
        assert!(Hold::of(id).unwrap().is_some());
        #[cfg(any(not(target_os = "linux"), feature = "portable"))]
        for id in [id, id ^ 1] {
            std::fs::remove_file(path(id)).unwrap();
        }
    }
}
