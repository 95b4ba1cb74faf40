//! Locks of single bytes in files, which belong to the file's description and go with it (fcntl(2)).
#![expect(unsafe_code, reason = "no safe crate locks a part of a file")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use libc::{c_int, c_short};

/// Whether another description of this file shares the byte at `offset`.
pub(crate) fn is_shared_elsewhere(file: &File, offset: u64) -> io::Result<bool> {
    // What would keep an exclusive lock away; to ask takes no right to write.
    let mut lock = byte(libc::F_WRLCK, offset)?;
    call(file, libc::F_OFD_GETLK, &mut lock)?;
    Ok(lock.l_type != libc::F_UNLCK as c_short)
}

/// Shares the byte, until [`unshare`] or until the description is closed.
pub(crate) fn share(file: &File, offset: u64) -> io::Result<()> {
    call(file, libc::F_OFD_SETLK, &mut byte(libc::F_RDLCK, offset)?)
}

/// Shares it no more.
pub(crate) fn unshare(file: &File, offset: u64) -> io::Result<()> {
    call(file, libc::F_OFD_SETLK, &mut byte(libc::F_UNLCK, offset)?)
}

fn byte(kind: c_int, offset: u64) -> io::Result<libc::flock64> {
    let start = i64::try_from(offset).map_err(io::Error::other)?;
    // SAFETY: a plain C structure of integers, for which all zero is a value.
    let mut lock: libc::flock64 = unsafe { std::mem::zeroed() };
    lock.l_type = kind as c_short;
    lock.l_whence = libc::SEEK_SET as c_short;
    (lock.l_start, lock.l_len) = (start, 1);
    Ok(lock)
}

fn call(file: &File, command: c_int, lock: &mut libc::flock64) -> io::Result<()> {
    // SAFETY: these commands read and write the structure that the pointer is to, and it outlives the call.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), command, std::ptr::from_mut(lock)) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
