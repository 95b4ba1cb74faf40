//! Asks which services there are, by multicast DNS: `cargo run -p mcast-net --example mdns [INTERFACE…]`; or with
//! the word `watch` first, goes on from port 5353 and tells who comes and goes.

use mcast_dialects::mdns::{Discoverer, Discovery, Watcher, Watching};
use mcast_net::{Driver, Error, Events, Settings};
use mcast_proto::{Event, Finding, Networked};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut settings = Settings { ttl: 255, ..Settings::default() };
    let mut arguments = std::env::args().skip(1).peekable();
    let watches = arguments.next_if_eq("watch").is_some();
    for interface in arguments {
        settings.interfaces.push(interface.parse()?);
    }
    let seed = mcast_net::seed();
    let mut events = if watches {
        events(Watcher::new(Watching::default(), seed), &settings)?
    } else {
        events(Discoverer::new(Discovery::default(), seed), &settings)?
    };
    for heard in &mut events {
        match heard.as_heard().event {
            Event::Found(finding) => show("found", &finding),
            Event::Changed { finding, .. } => show("changed", &finding),
            Event::Lost { key, reason, .. } => println!("lost ({reason}): {key:?}"),
            _ => {}
        }
    }
    println!("{:?}", events.finish()?.summary);
    Ok(())
}

fn events<M: Networked + Send + 'static>(machine: M, settings: &Settings) -> Result<Events, Error> {
    Driver::open(machine, settings)?.into_events()
}

fn show(what: &str, finding: &Finding<'_>) {
    // Names are anybody's words: they are shown without what a terminal might obey.
    let name = finding.name().unwrap_or_default().escape_debug();
    let service = finding.service().unwrap_or_default();
    let addresses: Vec<String> = finding.addresses().map(|ip| ip.to_string()).collect();
    let port = finding.port().map_or("?".into(), |port| port.to_string());
    println!("{what} {name} ({service}) at {} port {port}", addresses.join(", "));
    for attr in finding.attrs() {
        let value = attr.value.unwrap_or_default().escape_ascii();
        println!("    {}={value}", attr.key.escape_debug());
    }
}
