//! Socket options that no safe crate sets.
#![expect(unsafe_code, reason = "setsockopt takes a pointer")]

use std::io;
#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd};
#[cfg(windows)]
use std::os::windows::io::{AsRawSocket, AsSocket};
use std::ptr;

#[cfg(unix)]
use libc::c_int;
#[cfg(windows)]
use windows_sys::Win32::Networking::WinSock;

/// Sets an option.
///
/// # Safety
///
/// The kernel must take this option's value as plain bytes, and follow no pointer in it.
#[cfg(unix)]
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
#[cfg(unix)]
pub(super) fn set_number(
    socket: impl AsFd,
    level: c_int,
    name: c_int,
    value: c_int,
) -> io::Result<()> {
    // SAFETY: a number is no pointer.
    unsafe { set(socket, (level, name), &value) }
}

/// Sets an option that is a number.
#[cfg(windows)]
pub(super) fn set_number(
    socket: impl AsSocket,
    level: i32,
    name: i32,
    value: i32,
) -> io::Result<()> {
    let socket = socket.as_socket().as_raw_socket() as WinSock::SOCKET;
    let len = size_of_val(&value) as i32;
    // SAFETY: the pointer and the length are those of `value`, which is only read, and a number is no pointer.
    let result =
        unsafe { WinSock::setsockopt(socket, level, name, ptr::from_ref(&value).cast(), len) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Keeps the socket's address and port from every other socket, one with SO_REUSEADDR too: that would
/// else get what is sent there.
#[cfg(windows)]
pub(crate) fn set_exclusive(socket: impl AsSocket) -> io::Result<()> {
    set_number(socket, WinSock::SOL_SOCKET, WinSock::SO_EXCLUSIVEADDRUSE, 1)
}

/// Has the kernel answer on a netlink socket what was asked for alone (since Linux 4.20).
#[cfg(target_os = "linux")]
pub(crate) fn set_strict_netlink(socket: impl AsFd) -> io::Result<()> {
    set_number(socket, libc::SOL_NETLINK, libc::NETLINK_GET_STRICT_CHK, 1)
}
