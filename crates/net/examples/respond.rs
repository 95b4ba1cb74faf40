//! Answers who asks: `cargo run -p mcast-net --example respond [GROUP [INTERFACE]]`.

use mcast_net::{Driver, Settings};
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
    let mut response = Responding::default();
    if let Some(group) = settings.groups.first() {
        response.port = group.port();
    }
    let machine = Responder::new(response, mcast_net::seed());
    Driver::open(machine, &settings)?.run(|heard| println!("{heard:?}"))?;
    Ok(())
}
