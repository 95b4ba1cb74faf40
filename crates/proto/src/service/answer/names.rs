//! The names by which filters know what a responder says, from each of its addresses.

use core::net::SocketAddr;

use crate::wire::{short_name, whole_name};

/// Addresses whose names are kept: a host answers from few.
const MOST: usize = 4;

/// The names of its words from an address: whole, and cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) whole: u64,
    pub(crate) short: u64,
}

/// Names that were made lately: making them takes longer than all else that a query takes.
#[derive(Debug, Clone)]
pub(crate) struct NameCache {
    id: u64,
    words: u64,
    names: [Option<(SocketAddr, Names)>; MOST],
    next: usize,
}

impl NameCache {
    /// What this responder says.
    pub(crate) fn new(id: u64, words: u64) -> NameCache {
        NameCache { id, words, names: [None; MOST], next: 0 }
    }

    /// The names of what it says from this address.
    pub(crate) fn from(&mut self, local: SocketAddr) -> Names {
        let known = self.names.iter().flatten().find(|(address, _)| *address == local);
        if let Some((_, names)) = known {
            return *names;
        }
        let names = Names {
            whole: whole_name(self.id, local, self.words),
            short: short_name(self.id, local, self.words),
        };
        if let Some(place) = self.names.get_mut(self.next) {
            *place = Some((local, names));
        }
        self.next = (self.next + 1) % MOST;
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_address_however_many_there_are() {
        let mut cache = NameCache::new(7, 9);
        for round in 0..3 {
            for last in 0..6u8 {
                let local = SocketAddr::from(([10, 0, 0, last], 50_009));
                let names = cache.from(local);
                assert_eq!(names.whole, whole_name(7, local, 9), "{round}");
                assert_eq!(names.short, short_name(7, local, 9));
                assert_eq!(cache.from(local), names);
            }
        }
        assert!(cache.names.iter().all(Option::is_some));
    }
}
