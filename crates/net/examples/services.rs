//! A service, who looks for it and who watches it, by the structured protocol, on the loopback interface:
//! `cargo run -p mcast-net --example services -- offer`, and in another terminal `… find` or `… watch`.

use mcast_net::{ClaimedId, Driver, Endpoint, Settings, seed};
use mcast_proto::service::{Discoverer, Discovery, Offer, Responder, Responding, Watcher};
use mcast_proto::{Event, Finding};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings { interfaces: vec!["127.0.0.1".parse()?], ..Settings::default() };
    match std::env::args().nth(1).as_deref() {
        // What `mcast_net::offer` does on all interfaces, step by step.
        Some("offer") => {
            let offer = Offer::new("printer")?.name("lab-3")?.port(631)?.attr("color", b"yes")?;
            let mut responding = Responding::of(offer);
            let endpoint = Endpoint::of(&Responder::new(responding.clone(), seed()), &settings)?;
            // Kept from others of this machine while it is offered.
            let claimed = ClaimedId::claim(&endpoint, "printer", "lab-3");
            responding.id = Some(claimed.id());
            let machine = Responder::new(responding, seed());
            Driver::new(machine, endpoint).run(|heard| println!("{heard:?}"))?;
        }
        Some("find") => {
            let machine = Discoverer::new(Discovery::of("printer")?, seed());
            let mut events = Driver::open(machine, &settings)?.into_events()?;
            for heard in &mut events {
                if let Event::Found(printer) = heard.as_heard().event
                    && let (Some(name), Some(port)) = (printer.name(), printer.port())
                {
                    println!("{name:?} at {}, port {port}", printer.from.remote.ip());
                }
            }
            let summary = events.finish()?.summary;
            println!("{} found, complete: {:?}", summary.found, summary.complete);
        }
        Some("watch") => {
            let machine = Watcher::new(Discovery::of("thermometer")?, seed());
            Driver::open(machine, &settings)?.run(|heard| match heard.event {
                Event::Found(finding) | Event::Changed { finding, .. } => {
                    print_attributes(&finding);
                }
                Event::Lost { .. } => println!("lost"),
                _ => {}
            })?;
        }
        _ => return Err("say offer, find or watch".into()),
    }
    Ok(())
}

fn print_attributes(finding: &Finding<'_>) {
    for attr in finding.attrs() {
        let value = attr.value.unwrap_or_default();
        println!("{} {}", attr.key, value.escape_ascii());
    }
}
