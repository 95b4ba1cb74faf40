//! Offers a thermometer under smol, and tells what it reads whenever that changes:
//! `cargo run -p mcast-net --features async-io --example thermometer`.

use std::time::Duration;

use mcast_proto::service::Offer;
use mcast_proto::wire::DecodeError;
use smol::future::race;

fn offer(celsius: u32) -> Result<Offer, DecodeError> {
    Offer::new("thermometer")?.name("attic")?.attr("celsius", celsius.to_string().as_bytes())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut offered = mcast_net::offer(offer(20)?)?.into_async_io()?;
    let handle = offered.handle();
    let measuring = async {
        // A watcher asks again every two seconds at the most, and is told of what is so then.
        for celsius in 21..24 {
            let offer = offer(celsius)?;
            handle.change(|responder, now| responder.update(now, offer))?;
            smol::Timer::after(Duration::from_secs(3)).await;
        }
        Ok::<(), Box<dyn std::error::Error>>(())
    };
    let offering = async {
        while offered.next().await.is_some() {}
        Ok(())
    };
    smol::block_on(race(offering, measuring))?;
    println!("{} answers", smol::block_on(offered.close())?.summary.sent);
    Ok(())
}
