//! What holds of every run of a machine of the structured protocol, whatever happens to it. Each law is a
//! function that panics where it is broken.

pub mod answering;
pub mod asking;

use crate::Arrival;
use crate::path::is_peer;
use crate::wire::{Keyring, sealed_with};

/// Whether a datagram came from where somebody can be, and proves as much as its receiver wants.
fn is_proven(keyring: Option<&Keyring>, arrival: &Arrival, datagram: &[u8]) -> bool {
    let from = arrival.from.remote;
    is_peer(from)
        && match keyring {
            Some(keyring) => keyring.verify(from, datagram).is_ok(),
            None => sealed_with(datagram).is_none(),
        }
}
