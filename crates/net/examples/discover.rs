//! Asks the group who is there: `cargo run -p mcast-net --example discover [GROUP [INTERFACE]]`.

use mcast_net::{Driver, Settings};
use mcast_proto::Event;
use mcast_proto::plain::{Discoverer, Discovery};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut settings = Settings::default();
    let mut arguments = std::env::args().skip(1);
    if let Some(group) = arguments.next() {
        settings.groups = vec![group.parse()?];
    }
    for interface in arguments {
        settings.interfaces.push(interface.parse()?);
    }
    let machine = Discoverer::new(Discovery::default(), mcast_net::seed());
    let mut events = Driver::open(machine, &settings)?.into_events()?;
    for heard in &mut events {
        let heard = heard.as_heard();
        if let Event::Found(finding) = heard.event {
            let (remote, interface) = (finding.from.remote, heard.interface.unwrap_or("?"));
            let round_trip = finding.round_trip.unwrap_or_default();
            let payload = finding.payload().unwrap_or_default().escape_ascii();
            println!("{remote} on {interface} after {round_trip:?} says {payload}");
        }
    }
    let report = events.finish()?;
    println!("{} found", report.summary.found);
    Ok(())
}
