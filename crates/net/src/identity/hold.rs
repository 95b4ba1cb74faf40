//! Keeping ids from other programs of this host.

mod claims;
#[cfg(any(not(target_os = "linux"), feature = "portable"))]
mod folder;
#[cfg(all(target_os = "linux", not(feature = "portable")))]
mod namespace;

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use claims::Claims;
#[cfg(any(not(target_os = "linux"), feature = "portable"))]
use folder::Register;
#[cfg(all(target_os = "linux", not(feature = "portable")))]
use namespace::Register;

/// An id that is held: given free when this is dropped, or the process ends in whatever way.
#[derive(Debug)]
pub(super) struct Hold {
    place: <Register as Claims>::Place,
    id: u64,
}

/// What this process holds, in each of the places: one descriptor in each, whatever the number of ids.
static HELD: Mutex<Vec<(Register, BTreeSet<u64>)>> = Mutex::new(Vec::new());

fn held() -> MutexGuard<'static, Vec<(Register, BTreeSet<u64>)>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hold {
    /// Holds an id, unless another program does, or this one already.
    pub(super) fn of(id: u64) -> io::Result<Option<Hold>> {
        let mut held = held();
        let mut register = Register::open()?;
        let place = register.place();
        if let Some((known, ids)) = held.iter_mut().find(|(known, _)| known.place() == place) {
            let is_free = !ids.contains(&id) && known.take(id)?;
            return Ok(is_free.then(|| {
                ids.insert(id);
                Hold { place, id }
            }));
        }
        let is_free = register.take(id)?;
        Ok(is_free.then(|| {
            held.push((register, BTreeSet::from([id])));
            Hold { place, id }
        }))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = held();
        let Some(at) = held.iter().position(|(known, _)| known.place() == self.place) else {
            return;
        };
        let (register, ids) = &mut held[at];
        ids.remove(&self.id);
        if let Err(error) = register.give_back(self.id) {
            log::info!("the id {:016x} stays held until the program ends: {error}", self.id);
        }
        if held[at].1.is_empty() {
            held.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As another process does, which has a description of its own.
    fn take_elsewhere(id: u64) -> Option<Register> {
        let mut register = Register::open().unwrap();
        register.take(id).unwrap().then_some(register)
    }

    #[test]
    fn an_id_is_held_once_and_free_again_after() {
        let id = crate::seed();
        let hold = Hold::of(id).unwrap();
        assert!(hold.is_some());
        assert!(Hold::of(id).unwrap().is_none(), "this process has it");
        assert!(take_elsewhere(id).is_none(), "another process has it");
        let other = Hold::of(id ^ 2).unwrap();
        assert!(other.is_some());
        drop(hold);
        assert!(take_elsewhere(id ^ 2).is_none(), "the other one is still held");
        let elsewhere = take_elsewhere(id);
        assert!(elsewhere.is_some());
        assert!(Hold::of(id).unwrap().is_none(), "another process has it");
        drop(elsewhere);
        assert!(Hold::of(id).unwrap().is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn any_number_of_ids_takes_no_more_descriptors_than_one() {
        let first = crate::seed() & !0xffff;
        let of_ids =
            |count: u64| (0..count).map(|n| Hold::of(first + 2 * n).unwrap().expect("it is free"));
        let _all: Vec<Hold> = of_ids(500).collect();
        assert!((0..500).all(|n| take_elsewhere(first + 2 * n).is_none()));
        // The others' tests open descriptors too.
        let registers = held().len();
        assert_eq!(registers, 1);
    }
}
