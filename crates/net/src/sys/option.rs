//! Socket options that no safe crate sets.
#![expect(unsafe_code, reason = "setsockopt takes a pointer")]

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;

use libc::c_int;

/// Sets an option.
///
/// # Safety
///
/// The kernel must take this option's value as plain bytes, and follow no pointer in it.
pub(super) unsafe fn set<T: ?Sized>(
    socket: impl AsFd,
    (level, name): (c_int, c_int),
    value: &T,
) -> io::Result<()> {
    let len = size_of_val(value) as libc::socklen_t;
    // SAFETY: the pointer and the length are those of `value`, which the kernel only reads; by this
    // function's contract it reads nothing else.
    let result = unsafe {
        libc::setsockopt(socket.as_fd().as_raw_fd(), level, name, ptr::from_ref(value).cast(), len)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sets an option that is a number.
pub(super) fn set_number(
    socket: impl AsFd,
    level: c_int,
    name: c_int,
    value: c_int,
) -> io::Result<()> {
    // SAFETY: a number is no pointer.
    unsafe { set(socket, (level, name), &value) }
}

/// Has the kernel answer on a netlink socket what was asked for alone (since Linux 4.20).
pub(crate) fn set_strict_netlink(socket: impl AsFd) -> io::Result<()> {
    set_number(socket, libc::SOL_NETLINK, libc::NETLINK_GET_STRICT_CHK, 1)
}
