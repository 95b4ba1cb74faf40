//! What a path lets through: how far, and how long.

use crate::facts::{Facts, Partner, Size};
use crate::finding::{Code, Finding, Level};
use crate::verdict::view::{self, ENOUGH};
use crate::verdict::words::{as_root, list, shell_word};

/// The TTL is too small for the routers in between.
pub(super) fn ttl(facts: &Facts) -> Vec<Finding> {
    let Some(partner) = &facts.partner else { return Vec::new() };
    let Some(hops) = &partner.hops else { return Vec::new() };
    let Some(least) = hops.least_ttl.filter(|ttl| *ttl > 1 && hops.tried.contains(&1)) else {
        return Vec::new();
    };
    let with_default = partner.exchanges.iter().any(|it| it.answered > 0);
    if partner.on_link || with_default {
        return Vec::new();
    }
    let name = &partner.name;
    let what = format!("a TTL of 1 is too small to reach {name}: routers are in between");
    let tried = list(hops.tried.iter().filter(|ttl| **ttl < least).map(u8::to_string));
    let evidence = format!("not answered with a TTL of {tried}, answered with {least}");
    vec![
        Finding::new(Code::TtlTooSmall, Level::Fault, what, evidence)
            .why("every router takes one off, and drops what has none left")
            .remedy(format!("mcast discover --ttl {least}")),
    ]
}

/// Long datagrams are lost on the way, and nobody says so.
pub(super) fn mtu(facts: &Facts) -> Vec<Finding> {
    let Some(partner) = &facts.partner else { return Vec::new() };
    let found = [true, false].map(|to_group| hole(facts, partner, to_group));
    let Some((largest, least)) = found.into_iter().flatten().next() else { return Vec::new() };
    let name = &partner.name;
    let what = format!("long datagrams do not come through to {name}, and nobody says so");
    let evidence = format!(
        "of {} bytes {} of {} answered, of {} bytes 0 of {}",
        largest.bytes, largest.answered, largest.asked, least.bytes, least.asked
    );
    let why = "a link on the way takes shorter packets than this one, and the message of a router that says so is \
               dropped";
    let finding = Finding::new(Code::MtuBlackHole, Level::Fault, what, evidence).why(why);
    vec![match &partner.interface {
        Some(interface) => {
            let mtu = largest.bytes.saturating_add(headers(partner));
            let command = format!("ip link set {} mtu {mtu}", shell_word(interface));
            finding.on(interface).remedy(as_root(&facts.host, &command))
        }
        None => finding,
    }]
}

/// The longest that came through, and the shortest above it that did not, where that fits the interface
/// and nothing above it came through either.
fn hole<'a>(facts: &Facts, partner: &'a Partner, to_group: bool) -> Option<(&'a Size, &'a Size)> {
    let mtu = partner.interface.as_deref().and_then(|name| view::named(facts, name))?.mtu;
    // What is longer than the interface's own packets is sent in fragments, which is another matter.
    let fits =
        |it: &&Size| it.to_group == to_group && it.bytes.saturating_add(headers(partner)) <= mtu;
    let sizes = || partner.sizes.iter().filter(fits);
    let largest = sizes().filter(|it| it.answered > 0).max_by_key(|it| it.bytes)?;
    let longer = || sizes().filter(|it| it.bytes > largest.bytes);
    let is_silent = |it: &&Size| it.answered == 0 && it.too_long == 0 && it.asked >= ENOUGH;
    let least = longer().filter(is_silent).min_by_key(|it| it.bytes)?;
    // A size that the kernel itself refuses is one that a router has told of.
    longer().all(|it| it.too_long == 0).then_some((largest, least))
}

/// Bytes of the headers of IP, and of UDP or ICMP.
fn headers(partner: &Partner) -> u32 {
    if partner.address.is_some_and(|it| it.is_ipv6()) { 40 + 8 } else { 20 + 8 }
}
