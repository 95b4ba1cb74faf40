//! Batches on Linux: recvmmsg(2) and sendmmsg(2), with packet information (ip(7), ipv6(7)).
//!
//! All of this project's unsafe code is here, in `option.rs` and in `ranges.rs`. Every pointer that is given to the kernel is made
//! in the function that calls it, from memory that outlives the call, and none is kept.
#![expect(unsafe_code, reason = "recvmmsg, sendmmsg and packet information have no safe interface")]

use std::fmt;
use std::io;
use std::mem::{MaybeUninit, offset_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;

use libc::{c_int, c_uint};
use socket2::{SockAddr, Socket};

use super::control::{self, Ancillary};
use super::option::{set, set_number};
use super::{BATCH, Filter, Inbox, Outgoing, Received, SLOT};

/// A socket that is bound to the group's address hears nothing else; packet information chooses what
/// it sends from.
pub(crate) const BINDS_TO_GROUP: bool = true;

/// What this host sent to a group comes by the interface that it was sent by.
pub(crate) const TELLS_LOOPED: bool = true;

/// Room for what the kernel tells of a datagram, and for one control message that is sent: packet
/// information, IPv6's being the longer.
const CONTROL: usize = control::ROOM;
// SAFETY: CMSG_SPACE computes on its argument alone.
const CHOSEN: usize =
    unsafe { libc::CMSG_SPACE(size_of::<libc::in6_pktinfo>() as c_uint) } as usize;

/// A buffer for control messages, aligned for their headers.
#[derive(Clone, Copy)]
#[repr(C)]
struct Control<const ROOM: usize> {
    _align: [libc::cmsghdr; 0],
    bytes: [u8; ROOM],
}

impl<const ROOM: usize> Control<ROOM> {
    const EMPTY: Self = Control { _align: [], bytes: [0; ROOM] };
}

/// What the kernel writes beside the bytes of a batch: who sent each, and control messages. To clear it anew for
/// each batch would be most of what a datagram costs; of what is left of an earlier one nothing is looked at.
pub(crate) struct Beside {
    names: Box<[libc::sockaddr_in6; BATCH]>,
    controls: Box<[Control<CONTROL>; BATCH]>,
}

impl Default for Beside {
    fn default() -> Beside {
        // SAFETY: it is a plain C structure of integers, for which all zero is a value.
        let names = Box::new(unsafe { zeroed() });
        Beside { names, controls: Box::new([Control::EMPTY; BATCH]) }
    }
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside").finish_non_exhaustive()
    }
}

/// What a message is described by, but for its pointers.
fn header() -> libc::mmsghdr {
    // SAFETY: it is a plain C structure of integers and pointers, for which all zero is a value.
    unsafe { zeroed() }
}

/// What a socket is read by: the kernel knows all of it.
#[derive(Debug)]
pub(crate) struct Reader;

/// Readies a socket before it is bound: the kernel is to say where each datagram was sent to, how far it came and when. What
/// a datagram is sent by is said with each.
pub(crate) fn prepare(
    socket: &Socket,
    is_ipv4: bool,
    _interface: u32,
    _address: Option<IpAddr>,
) -> io::Result<Reader> {
    set_number(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
    if is_ipv4 {
        set_number(socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
        set_number(socket, libc::IPPROTO_IP, libc::IP_RECVTTL, 1)?;
    } else {
        set_number(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?;
        set_number(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT, 1)?;
    }
    Ok(Reader)
}

/// Reads what waits, a batch at the most, and returns whether there may be more; `Ok` means that at least
/// one datagram was read.
pub(crate) fn receive(socket: &UdpSocket, _reader: &Reader, inbox: &mut Inbox) -> io::Result<bool> {
    inbox.received.clear();
    let Beside { names, controls } = &mut inbox.beside;
    let mut buffers = [const { MaybeUninit::<libc::iovec>::uninit() }; BATCH];
    let mut headers = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; BATCH];
    for (i, slot) in inbox.bytes.chunks_exact_mut(SLOT).enumerate() {
        let (iov_base, iov_len) = (slot.as_mut_ptr().cast(), slot.len());
        let buffer = buffers[i].write(libc::iovec { iov_base, iov_len });
        let header = &mut headers[i].write(header()).msg_hdr;
        header.msg_name = (&raw mut names[i]).cast();
        header.msg_namelen = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
        header.msg_iov = buffer;
        header.msg_iovlen = 1;
        header.msg_control = (&raw mut controls[i]).cast();
        header.msg_controllen = CONTROL as _;
    }
    // SAFETY: there is a slot for each of the headers, which points to a name, a buffer and a control buffer
    // of its own, all of which live in this function or in `inbox`, with their true lengths; the kernel
    // writes within those.
    let result = unsafe {
        libc::recvmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr().cast(),
            BATCH as c_uint,
            libc::MSG_DONTWAIT as _,
            ptr::null_mut(),
        )
    };
    let count = usize::try_from(result).map_err(|_| io::Error::last_os_error())?;
    for (slot, header) in headers[..count].iter().enumerate() {
        // SAFETY: it was written above, as all are.
        let header = unsafe { header.assume_init_ref() };
        let message = &header.msg_hdr;
        // A slot holds any datagram; one that was cut all the same must not pass for whole.
        let is_whole = message.msg_flags & libc::MSG_TRUNC == 0;
        let is_named = message.msg_namelen > 0;
        let from = socket_address(&names[slot]).filter(|_| is_whole && is_named);
        let Some(from) = from else { continue };
        // Where the control messages were cut there is no telling what else they said.
        let is_informed = message.msg_flags & libc::MSG_CTRUNC == 0;
        #[allow(clippy::unnecessary_cast, reason = "some C libraries have it as 32 bits")]
        let len = if is_informed { message.msg_controllen as usize } else { 0 };
        let Ancillary { to, ttl, stamp } =
            Ancillary::read(&controls[slot].bytes[..len.min(CONTROL)]);
        inbox.received.push(Received {
            at: slot * SLOT,
            len: header.msg_len as usize,
            from,
            to: to.map(|(to, _)| to),
            interface: to.map(|(_, interface)| interface),
            ttl,
            stamp,
        });
    }
    inbox.lost = (count - inbox.received.len()) as u64;
    Ok(count == BATCH)
}

/// The address in a structure that the kernel has filled for either family.
fn socket_address(name: &libc::sockaddr_in6) -> Option<SocketAddr> {
    match c_int::from(name.sin6_family) {
        libc::AF_INET => {
            const { assert!(size_of::<libc::sockaddr_in>() <= size_of::<libc::sockaddr_in6>()) };
            // SAFETY: the family says that the kernel has written a `sockaddr_in`, which is not the
            // longer nor the more aligned of the two; its fields are integers.
            let name = unsafe { ptr::from_ref(name).cast::<libc::sockaddr_in>().read() };
            let ip = Ipv4Addr::from(u32::from_be(name.sin_addr.s_addr));
            Some(SocketAddr::new(ip.into(), u16::from_be(name.sin_port)))
        }
        libc::AF_INET6 => Some(SocketAddr::V6(SocketAddrV6::new(
            name.sin6_addr.s6_addr.into(),
            u16::from_be(name.sin6_port),
            name.sin6_flowinfo,
            name.sin6_scope_id,
        ))),
        _ => None,
    }
}

/// Writes datagrams from the first on, a batch at the most, and says how many it wrote; an error is
/// the first one's. (A short count means that the next one failed: sending from there tells why.)
pub(crate) fn send(socket: &UdpSocket, outgoing: &[Outgoing], bytes: &[u8]) -> io::Result<usize> {
    let outgoing = &outgoing[..outgoing.len().min(BATCH)];
    let mut names = [const { MaybeUninit::<SockAddr>::uninit() }; BATCH];
    let mut controls = [const { MaybeUninit::<Control<CHOSEN>>::uninit() }; BATCH];
    let mut buffers = [const { MaybeUninit::<libc::iovec>::uninit() }; BATCH];
    let mut headers = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; BATCH];
    for (i, datagram) in outgoing.iter().enumerate() {
        let payload = &bytes[datagram.bytes.clone()];
        let (iov_base, iov_len) = (payload.as_ptr().cast_mut().cast(), payload.len());
        let buffer = buffers[i].write(libc::iovec { iov_base, iov_len });
        let name = names[i].write(SockAddr::from(datagram.to));
        let header = &mut headers[i].write(header()).msg_hdr;
        header.msg_name = name.as_ptr().cast_mut().cast();
        header.msg_namelen = name.len();
        header.msg_iov = buffer;
        header.msg_iovlen = 1;
        header.msg_control = ptr::from_mut(controls[i].write(Control::EMPTY)).cast();
        header.msg_controllen = CHOSEN as _;
        let len = match datagram.to {
            SocketAddr::V4(_) => {
                let address = match datagram.from {
                    Some(IpAddr::V4(ip)) => ip,
                    _ => Ipv4Addr::UNSPECIFIED,
                };
                let info = libc::in_pktinfo {
                    ipi_ifindex: datagram.interface as c_int,
                    // For sending, this is the source; `ipi_addr` is not looked at.
                    ipi_spec_dst: libc::in_addr { s_addr: address.to_bits().to_be() },
                    ipi_addr: libc::in_addr { s_addr: 0 },
                };
                write_control(header, libc::IPPROTO_IP, libc::IP_PKTINFO, info)
            }
            SocketAddr::V6(_) => {
                let address = match datagram.from {
                    Some(IpAddr::V6(ip)) => ip,
                    _ => Ipv6Addr::UNSPECIFIED,
                };
                let info = libc::in6_pktinfo {
                    ipi6_addr: libc::in6_addr { s6_addr: address.octets() },
                    ipi6_ifindex: datagram.interface as _,
                };
                write_control(header, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info)
            }
        };
        header.msg_controllen = len as _;
    }
    // SAFETY: each of the first `outgoing.len()` headers was written and points to a name, a buffer and a control
    // buffer that live until the call returns, with their true lengths; the kernel only reads those,
    // though C's types say that it may write.
    let result = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr().cast(),
            outgoing.len() as c_uint,
            libc::MSG_DONTWAIT as _,
        )
    };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// Writes a message's one control message and returns the length of it.
fn write_control<T: Copy>(
    message: &libc::msghdr,
    level: c_int,
    kind: c_int,
    information: T,
) -> usize {
    const { assert!(size_of::<T>() <= size_of::<libc::in6_pktinfo>()) };
    let size = size_of::<T>() as c_uint;
    // SAFETY: `msg_control` is a whole `Control<CHOSEN>`, which is aligned for a header and has room for one
    // with `in6_pktinfo`, and `T` is not larger.
    unsafe {
        let header = libc::CMSG_FIRSTHDR(message);
        (*header).cmsg_level = level;
        (*header).cmsg_type = kind;
        (*header).cmsg_len = libc::CMSG_LEN(size) as _;
        libc::CMSG_DATA(header).cast::<T>().write_unaligned(information);
        libc::CMSG_SPACE(size) as usize
    }
}

/// Makes a socket hear `group` from `source` alone, or from one source more (RFC 3678 section 5.1):
/// by the interface's number in both families.
pub(crate) fn join_source(
    socket: &UdpSocket,
    interface: u32,
    _address: Option<IpAddr>,
    group: IpAddr,
    source: IpAddr,
) -> io::Result<()> {
    // `struct group_source_req` (linux/in.h).
    let mut request = on_interface(interface, group);
    request.extend(storage(source));
    // SAFETY: the structure is all integers, and the kernel takes it as such.
    unsafe { set(socket, (level(group), libc::MCAST_JOIN_SOURCE_GROUP), &request[..]) }
}

/// Changes from whom a member hears `group` (RFC 3678 section 5.2).
pub(crate) fn set_filter(
    socket: &UdpSocket,
    interface: u32,
    group: IpAddr,
    filter: Filter<'_>,
) -> io::Result<()> {
    let (mode, sources) = match filter {
        Filter::Only(sources) => (libc::MCAST_INCLUDE, sources),
        Filter::AllBut(sources) => (libc::MCAST_EXCLUDE, sources),
    };
    // `struct group_filter` (linux/in.h).
    let mut request = on_interface(interface, group);
    request.extend(mode.to_ne_bytes());
    request.extend((sources.len() as u32).to_ne_bytes());
    request.extend(sources.iter().flat_map(|source| storage(*source)));
    // SAFETY: the structure is all integers, and the kernel takes it as such.
    unsafe { set(socket, (level(group), libc::MCAST_MSFILTER), &request[..]) }
}

fn level(group: IpAddr) -> c_int {
    if group.is_ipv4() { libc::IPPROTO_IP } else { libc::IPPROTO_IPV6 }
}

/// What the structures about groups begin with: an interface, and aligned behind it a group.
fn on_interface(interface: u32, group: IpAddr) -> Vec<u8> {
    let mut bytes = interface.to_ne_bytes().to_vec();
    bytes.resize(align_of::<libc::sockaddr_storage>().max(bytes.len()), 0);
    bytes.extend(storage(group));
    bytes
}

/// An address as a `struct sockaddr_storage`.
fn storage(ip: IpAddr) -> [u8; size_of::<libc::sockaddr_storage>()] {
    let mut storage = [0; _];
    let mut put = |at: usize, value: &[u8]| storage[at..at + value.len()].copy_from_slice(value);
    match ip {
        IpAddr::V4(ip) => {
            put(0, &(libc::AF_INET as libc::sa_family_t).to_ne_bytes());
            put(offset_of!(libc::sockaddr_in, sin_addr), &ip.octets());
        }
        IpAddr::V6(ip) => {
            put(0, &(libc::AF_INET6 as libc::sa_family_t).to_ne_bytes());
            put(offset_of!(libc::sockaddr_in6, sin6_addr), &ip.octets());
        }
    }
    storage
}

/// The kernel's SO_MEMINFO (asm/socket.h), which the `libc` crate does not have yet.
const SO_MEMINFO: c_int =
    if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) { 0x39 } else { 55 };

/// Datagrams that the kernel dropped because the socket's buffer was full: one of SO_MEMINFO's
/// numbers (since Linux 4.12). Asked for when it is wanted, rather than told with each datagram as
/// SO_RXQ_OVFL does, it misses none that were dropped after the last datagram read.
pub(crate) fn kernel_drops(socket: &UdpSocket) -> u64 {
    let mut numbers = [0u32; libc::SK_MEMINFO_DROPS as usize + 1];
    let mut len = size_of_val(&numbers) as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes, the array's size, and any bits are numbers.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_MEMINFO,
            numbers.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    if result == 0 { numbers[libc::SK_MEMINFO_DROPS as usize].into() } else { 0 }
}
