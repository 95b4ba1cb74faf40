//! A service and who looks for it, by the structured protocol, on the loopback interface:
//! `cargo run -p mcast-net --example services -- offer`, and in another terminal `… find`.

use mcast_net::{ClaimedId, Driver, Endpoint, Settings, seed};
use mcast_proto::Event;
use mcast_proto::service::{self, Discoverer, Discovery, Offer, Responder, Responding};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings {
        groups: vec![(service::GROUP_V4, service::PORT).into()],
        interfaces: vec!["127.0.0.1".parse()?],
        ..Settings::default()
    };
    match std::env::args().nth(1).as_deref() {
        Some("offer") => {
            let offer = Offer::new("printer")?.name("lab-3")?.port(631)?.attr("color", b"yes")?;
            let endpoint = Endpoint::peer(&settings)?;
            // Kept from others of this machine while it is offered.
            let claimed = ClaimedId::claim(&endpoint, "printer", "lab-3");
            let responding = Responding { id: Some(claimed.id()), ..Responding::of(offer) };
            let machine = Responder::new(responding, seed());
            Driver::new(machine, endpoint).run(|heard| println!("{heard:?}"))?;
        }
        Some("find") => {
            let machine = Discoverer::new(Discovery::of("printer")?, seed());
            let mut events =
                Driver::new(machine, Endpoint::asking_peer(&settings)?).into_events()?;
            for heard in &mut events {
                if let Event::ServiceFound(printer) = heard.as_heard().event
                    && let (Some(name), Some(port)) = (printer.name(), printer.port())
                {
                    println!("{name:?} at {}, port {port}", printer.from.remote.ip());
                }
            }
            let summary = events.finish()?.summary;
            println!("{} found, complete: {:?}", summary.found, summary.complete);
        }
        _ => return Err("say offer or find".into()),
    }
    Ok(())
}
