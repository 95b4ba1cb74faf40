//! Offers a thermometer that is read whenever somebody asks for it:
//! `cargo run -p mcast-net --example reading`.

use mcast_proto::Event;
use mcast_proto::service::Offer;
use mcast_proto::wire::DecodeError;

/// A thermometer that gets warmer by being read.
fn read(times: u32) -> Result<Offer, DecodeError> {
    let celsius = (20 + times).to_string();
    Offer::new("thermometer")?.name("attic")?.attr("celsius", celsius.as_bytes())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut driver = mcast_net::offer(read(0)?)?;
    let handle = driver.handle();
    let mut times = 0;
    driver.run(|heard| {
        if let Event::Asked { from, .. } = heard.event {
            times += 1;
            println!("{} is told reading {times}", from.remote.ip());
            match read(times) {
                Ok(offer) => drop(handle.change(|responder, _| responder.set_offer(offer))),
                Err(error) => println!("{error}"),
            }
        }
    })?;
    Ok(())
}
