//! What a question says is known already, so that nobody repeats it (RFC 6762 section 7.1).

use alloc::collections::{BTreeSet, VecDeque};

use mcast_proto::Instant;

use super::identity::{Key, Link};
use super::name::Name;
use super::question::QuestionBuf;
use super::table::Table;
use super::types::Types;

/// Networks that are told apart. On a host with more of them nothing is said to be known: everybody answers.
const MOST_LINKS: usize = 64;

/// The types whose known instances are still to be said, and where each type's name stands in the message.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Each with the last instance that was said.
    types: VecDeque<(usize, Option<u16>, u64)>,
    links: BTreeSet<Link>,
}

impl Known {
    /// Something was heard on this network.
    pub(super) fn hear(&mut self, link: Link) {
        if self.links.len() <= MOST_LINKS {
            self.links.insert(link);
        }
    }

    /// Instances of this type, whose name stands there, are to be said.
    pub(super) fn add(&mut self, number: usize, at: u16) {
        self.types.push_back((number, Some(at), 0));
    }

    /// Whether there is more to be said in a further message.
    pub(super) fn is_open(&self) -> bool {
        !self.types.is_empty()
    }

    /// A further message is begun.
    pub(super) fn turn_page(&mut self) {
        self.types.iter_mut().for_each(|(_, at, _)| *at = None);
    }

    /// Says as much as has room; whether that was all. A question goes to all networks: so only what is known on
    /// each of those where anything was heard is said.
    pub(super) fn say(
        &mut self,
        now: Instant,
        table: &Table,
        types: &Types,
        message: &mut QuestionBuf,
    ) -> bool {
        while let Some((number, at, after)) = self.types.front_mut() {
            let of_type = types.get(*number);
            let instances = of_type.map(|of_type| of_type.instances.range(*after + 1..));
            for instance in instances.into_iter().flatten() {
                let known = known_for(table, &self.links, now, *instance);
                let Some((name, ttl_s)) = known else { continue };
                let owner = at.ok_or(of_type.map_or(&[][..], |of_type| &of_type.name));
                let Some(stands) = message.know(owner, name, ttl_s) else { return false };
                (*at, *after) = (Some(stands), *instance);
            }
            self.types.pop_front();
        }
        true
    }
}

/// The name of an instance and for how long it is known on every network, if it is. It is said once, for the
/// first of those.
fn known_for<'t>(
    table: &'t Table,
    links: &BTreeSet<Link>,
    now: Instant,
    number: u64,
) -> Option<(Name<'t>, u32)> {
    let instance = table.instances.get(&number)?;
    if links.len() > MOST_LINKS || links.first() != Some(&instance.source.link) {
        return None;
    }
    let (name, _) = Name::read(&instance.name, 0)?;
    let mut least = u32::MAX;
    for link in links {
        let number = table.number(&Key::new(*link, name))?;
        least = least.min(table.instances.get(&number)?.listed.known_for(now)?);
    }
    Some((name, least))
}
