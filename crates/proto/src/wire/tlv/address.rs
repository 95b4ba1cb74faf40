//! An address, or none, behind a byte that says of which family it is.

use alloc::vec::Vec;
use core::net::IpAddr;

const NONE: u8 = 0;
const V4: u8 = 4;
const V6: u8 = 6;

pub(super) enum Address {
    /// None follows: what that means is the TLV's business.
    None,
    Ip(IpAddr),
    /// Of a family that this version does not know.
    Unknown,
}

impl Address {
    /// `None` if it is not as long as its family says.
    pub(super) fn decode(family: u8, bytes: &[u8]) -> Option<Address> {
        match family {
            NONE => bytes.is_empty().then_some(Address::None),
            V4 => <[u8; 4]>::try_from(bytes).ok().map(|octets| Address::Ip(octets.into())),
            V6 => <[u8; 16]>::try_from(bytes).ok().map(|octets| Address::Ip(octets.into())),
            _ => Some(Address::Unknown),
        }
    }
}

pub(super) fn family(address: Option<IpAddr>) -> u8 {
    match address {
        None => NONE,
        Some(IpAddr::V4(_)) => V4,
        Some(IpAddr::V6(_)) => V6,
    }
}

/// The length of the address alone, in bytes.
pub(super) fn len(address: Option<IpAddr>) -> usize {
    match address {
        None => 0,
        Some(IpAddr::V4(_)) => 4,
        Some(IpAddr::V6(_)) => 16,
    }
}

/// Appends the address alone.
pub(super) fn push(address: Option<IpAddr>, buffer: &mut Vec<u8>) {
    match address {
        None => {}
        Some(IpAddr::V4(ip)) => buffer.extend_from_slice(&ip.octets()),
        Some(IpAddr::V6(ip)) => buffer.extend_from_slice(&ip.octets()),
    }
}
