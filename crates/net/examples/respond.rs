//! Answers who asks: `cargo run -p mcast-net --example respond [GROUP [INTERFACE]]`.

use mcast_net::{Driver, Endpoint, Settings};
use mcast_proto::plain::{Responder, Responding};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut settings = Settings::default();
    let mut arguments = std::env::args().skip(1);
    if let Some(group) = arguments.next() {
        settings.groups = vec![group.parse()?];
    }
    for interface in arguments {
        settings.interfaces.push(interface.parse()?);
    }
    let response = Responding { port: settings.groups[0].port(), ..Responding::default() };
    let machine = Responder::new(response, mcast_net::seed());
    Driver::new(machine, Endpoint::member(&settings)?).run(|heard| println!("{heard:?}"))?;
    Ok(())
}
