//! Text for people: a block a device, with what it offers under it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use super::address::Host;
use super::described::Described;
use super::field::{Time, text_or_dash};
use super::look::Look;
use super::record::Found;
use super::said::Said;
use super::text::Plural;
use crate::devices::Devices;
use crate::escape::Escaped;
use crate::kinds::kind;

/// Columns are so wide at the most: what is longer pushes the rest aside.
const WIDEST: usize = 52;

/// Appends all devices: those that spoke from one address on one interface are one.
pub(super) fn append(buffer: &mut Vec<u8>, look: Look, devices: &Devices) {
    devices.show(|state, left_out| {
        let all: Vec<Found<'_>> = state.sorted().into_iter().map(Found::of_known).collect();
        let mut by_address: BTreeMap<(IpAddr, Option<&str>), Vec<&Found<'_>>> = BTreeMap::new();
        for found in &all {
            let key = (found.source.0.address.ip(), found.interface);
            by_address.entry(key).or_default().push(found);
        }
        let all = devices.described().iter();
        let described: Vec<Described<'_>> =
            all.map(|(described, time)| Described::of(described, Time(*time))).collect();
        let mut blocks = Blocks { buffer, look };
        for (nth, (key, said)) in by_address.into_iter().enumerate() {
            let of_it = |it: &&Described<'_>| (it.device.0.address.ip(), it.interface) == key;
            let mut pages: Vec<&Described<'_>> = described.iter().filter(of_it).collect();
            pages.sort_by_key(|page| (page.name, page.url));
            blocks.device(nth == 0, &said, &pages).expect("writing to memory does not fail");
        }
        if left_out > 0 {
            let more = Plural(left_out, "find");
            writeln!(blocks.buffer, "\n{more} more had no room").expect("the same");
        }
    });
}

struct Blocks<'b> {
    buffer: &'b mut Vec<u8>,
    look: Look,
}

impl Blocks<'_> {
    fn device(
        &mut self,
        is_first: bool,
        said: &[&Found<'_>],
        described: &[&Described<'_>],
    ) -> io::Result<()> {
        if !is_first {
            writeln!(self.buffer)?;
        }
        self.heading(said)?;
        // Why there is none few want to know.
        for page in described.iter().filter(|page| self.look.details || page.error.is_none()) {
            writeln!(self.buffer, "  about  {page}")?;
        }
        let mut shown: Vec<&Found<'_>> = said
            .iter()
            .copied()
            .filter(|found| self.look.details || is_telling(found, said))
            .collect();
        shown.sort_by_key(|found| (found.dialect, service(found), name(found)));
        let wide = |text: &dyn Fn(&Found<'_>) -> String, least: usize| {
            let widths = shown.iter().map(|found| text(found).chars().count());
            widths.max().unwrap_or(0).clamp(least, WIDEST)
        };
        let dialects = wide(&|found| text_or_dash(Some(found.dialect)).to_string(), 5);
        let is_whole = self.look.details;
        let services = wide(&|found| shown_services(found, is_whole), 1);
        let mut before = None;
        for found in shown {
            let line = line(found, self.look, dialects, services);
            // Several that look alike, as copies of a program do, are one line.
            if self.look.details || before.as_ref() != Some(&line) {
                writeln!(self.buffer, "  {line}")?;
                before = Some(line);
            }
            if self.look.details {
                self.details(found)?;
            }
        }
        Ok(())
    }

    /// Where it is, what it is called, and what it is.
    fn heading(&mut self, said: &[&Found<'_>]) -> io::Result<()> {
        let (address, detail) = (self.look.palette.address, self.look.palette.detail);
        let Some(first) = said.first() else { return Ok(()) };
        let Found { source: Host(heard), interface, .. } = first;
        write!(self.buffer, "{address}{}{address:#}", Host(*heard))?;
        write!(self.buffer, "  {detail}{}{detail:#}", text_or_dash(*interface))?;
        let host = said.iter().find_map(|found| found.host);
        // What SSDP has for a name is that of a program.
        let named = || said.iter().filter(|found| found.dialect != "ssdp").find_map(|it| name(it));
        if let Some(name) = host.or_else(named) {
            write!(self.buffer, "  {}", Escaped(name.as_bytes()))?;
        }
        let services = said.iter().flat_map(|found| found.offer.iter());
        let services = services.flat_map(|offer| offer.services.iter());
        match kind(services) {
            Some(kind) => writeln!(self.buffer, "  {kind}"),
            None => writeln!(self.buffer),
        }
    }

    /// All that it says besides.
    fn details(&mut self, found: &Found<'_>) -> io::Result<()> {
        let detail = self.look.palette.detail;
        for line in [found.details(), found.notes(true)].concat() {
            writeln!(self.buffer, "      {detail}{line}{detail:#}")?;
        }
        Ok(())
    }
}

/// Whether it says more of its device than the others do. By SSDP a device is told again as its number and as
/// the root of itself.
fn is_telling(found: &Found<'_>, all: &[&Found<'_>]) -> bool {
    let is_named = |found: &Found<'_>| service(found).is_some_and(|it| it.starts_with("urn:"));
    let is_echo = |service: &str| service == "upnp:rootdevice" || service.starts_with("uuid:");
    found.dialect != "ssdp"
        || !service(found).is_some_and(is_echo)
        || !all.iter().any(|other| other.dialect == "ssdp" && is_named(other))
}

fn service<'a>(found: &Found<'a>) -> Option<&'a str> {
    found.offer.and_then(|offer| offer.service)
}

fn name<'a>(found: &Found<'a>) -> Option<&'a str> {
    found.offer.and_then(|offer| offer.name)
}

/// What it is; of names in XML the last part, where it is not to be whole.
fn shown_services(found: &Found<'_>, is_whole: bool) -> String {
    let Some(offer) = found.offer else { return "-".into() };
    if is_whole || found.dialect != "wsd" {
        return offer.services.to_string();
    }
    let last = |service: &str| {
        let name = service.rsplit('}').next().unwrap_or_default();
        Escaped(name.as_bytes()).to_string()
    };
    let names: Vec<String> = offer.services.iter().map(last).collect();
    if names.is_empty() { "-".into() } else { names.join(",") }
}

/// By which protocol, what, at which port, and under which name.
fn line(found: &Found<'_>, look: Look, dialects: usize, services: usize) -> String {
    let dialect = text_or_dash(Some(found.dialect)).to_string();
    let service = shown_services(found, look.details);
    let port = match found.offer {
        Some(offer) => offer.port,
        // What is at the port is what answered.
        None => Some(found.source.0.address.port()),
    };
    let port = port.map_or("-".into(), |port| port.to_string());
    let said = match found.offer {
        Some(offer) => Said(offer.name.unwrap_or("-").as_bytes(), look),
        None => Said(found.payload.map_or(b"-", |payload| payload.as_bytes()), look),
    };
    format!("{dialect:dialects$}  {service:services$}  {port:>5}  {said}")
}

#[cfg(test)]
mod tests;
