//! What the kernel tells along with a datagram: control messages (cmsg(3)), read as plain bytes of this
//! machine's order.

use std::mem::offset_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use libc::c_int;

/// The length of a control message's header.
const HEADER: usize = size_of::<libc::cmsghdr>();

/// The most that is asked for: `struct in6_pktinfo`, a hop limit, and a time in either form.
pub(super) const ROOM: usize = 3 * HEADER + 24 + 8 + 16;

/// What is known of a datagram besides its bytes and its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ancillary {
    /// The address that it was sent to and the interface that it came in by.
    pub(super) to: Option<(IpAddr, u32)>,
    pub(super) ttl: Option<u8>,
    pub(super) stamp: Option<SystemTime>,
}

impl Ancillary {
    /// Reads what the kernel has written; what is cut short or unknown says nothing.
    pub(super) fn read(control: &[u8]) -> Ancillary {
        let mut ancillary = Ancillary::default();
        for (level, kind, data) in messages(control) {
            match (level, kind) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => ancillary.to = in_pktinfo(data),
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => ancillary.to = in6_pktinfo(data),
                (libc::IPPROTO_IP, libc::IP_TTL) | (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => {
                    ancillary.ttl = u32_at(data, 0).and_then(|ttl| ttl.try_into().ok());
                }
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => ancillary.stamp = time(data),
                _ => {}
            }
        }
        ancillary
    }
}

/// The control messages, each with its level and type.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = (c_int, c_int, &[u8])> {
    std::iter::from_fn(move || {
        let number = |offset| u32_at(bytes, offset).map(|number| number as c_int);
        // The kernel's length is as long as a pointer, whatever the C library makes of it.
        let len = usize::from_ne_bytes(*bytes.first_chunk()?);
        let level = number(offset_of!(libc::cmsghdr, cmsg_level))?;
        let kind = number(offset_of!(libc::cmsghdr, cmsg_type))?;
        let data = bytes.get(HEADER..len)?;
        bytes = bytes.get(len.next_multiple_of(size_of::<usize>())..).unwrap_or_default();
        Some((level, kind, data))
    })
}

/// Of `struct in_pktinfo` (ip(7)): an interface, the own address, and the one that it was sent to.
fn in_pktinfo(data: &[u8]) -> Option<(IpAddr, u32)> {
    let to: [u8; 4] = *data.get(8..)?.first_chunk()?;
    Some((Ipv4Addr::from(to).into(), u32_at(data, 0)?))
}

/// Of `struct in6_pktinfo` (ipv6(7)).
fn in6_pktinfo(data: &[u8]) -> Option<(IpAddr, u32)> {
    let to: [u8; 16] = *data.first_chunk()?;
    Some((Ipv6Addr::from(to).into(), u32_at(data, 16)?))
}

/// Of a `struct timespec` of either width: which of them it is, the C library chooses.
fn time(data: &[u8]) -> Option<SystemTime> {
    let (seconds, nanoseconds) = match data.len() {
        8 => (u32_at(data, 0)?.into(), u32_at(data, 4)?),
        16 => {
            let half = |at: usize| Some(u64::from_ne_bytes(*data.get(at..)?.first_chunk()?));
            (half(0)?, half(8)?.try_into().ok()?)
        }
        _ => return None,
    };
    let since_epoch = (nanoseconds < 1_000_000_000).then(|| Duration::new(seconds, nanoseconds))?;
    SystemTime::UNIX_EPOCH.checked_add(since_epoch)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(level: c_int, kind: c_int, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0, &(HEADER + data.len()).to_ne_bytes());
        put(offset_of!(libc::cmsghdr, cmsg_level), &level.to_ne_bytes());
        put(offset_of!(libc::cmsghdr, cmsg_type), &kind.to_ne_bytes());
        bytes.extend_from_slice(data);
        bytes.resize(bytes.len().next_multiple_of(size_of::<usize>()), 0);
        bytes
    }

    fn ne(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_ne_bytes()).collect()
    }

    #[test]
    fn all_that_is_told_is_read_in_any_order() {
        let info = [ne(&[7]), vec![10, 0, 0, 1], vec![224, 1, 1, 1]].concat();
        let time: Vec<u8> = [3u64, 5].iter().flat_map(|half| half.to_ne_bytes()).collect();
        let stamp = message(libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS, &time);
        let unknown = message(libc::SOL_SOCKET, 4711, &[1]);
        let to = message(libc::IPPROTO_IP, libc::IP_PKTINFO, &info);
        let ttl = message(libc::IPPROTO_IP, libc::IP_TTL, &ne(&[255]));
        let ancillary = Ancillary {
            to: Some(([224, 1, 1, 1].into(), 7)),
            ttl: Some(255),
            stamp: Some(SystemTime::UNIX_EPOCH + Duration::new(3, 5)),
        };
        let all = [&stamp[..], &unknown, &to, &ttl].concat();
        assert_eq!(Ancillary::read(&all), ancillary);
        let all = [&ttl[..], &to, &message(libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS, &ne(&[3, 5]))];
        assert_eq!(Ancillary::read(&all.concat()), ancillary);
    }

    #[test]
    fn a_length_that_lies_is_the_end() {
        let ttl = message(libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT, &ne(&[64]));
        assert_eq!(Ancillary::read(&ttl).ttl, Some(64));
        for len in [0, 1, HEADER - 1, ttl.len() + 1, usize::MAX - 3, usize::MAX] {
            let mut lying = ttl.clone();
            lying[..size_of::<usize>()].copy_from_slice(&len.to_ne_bytes());
            lying.extend_from_slice(&ttl);
            let ancillary = Ancillary::read(&lying[..ttl.len()]);
            assert_eq!(ancillary, Ancillary::default(), "{len}");
        }
        for len in 0..HEADER + 4 {
            assert_eq!(Ancillary::read(&ttl[..len]), Ancillary::default(), "{len}");
        }
    }
}
