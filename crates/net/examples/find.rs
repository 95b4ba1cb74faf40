//! Finds a printer under tokio while something else goes on, and stops looking once it has one:
//! `cargo run -p mcast-net --features tokio --example find`.

use std::time::Duration;

use mcast_proto::Event;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut printers = mcast_net::discover("printer")?.into_tokio()?;
    let mut clock = tokio::time::interval(Duration::from_millis(50));
    loop {
        tokio::select! {
            _ = clock.tick() => println!("still looking"),
            heard = printers.next() => match heard.as_ref().map(|heard| heard.as_heard().event) {
                Some(Event::Found(printer)) => break println!("{:?}", printer.name()),
                Some(_) => {}
                None => break println!("there is none"),
            },
        }
    }
    printers.close().await?;
    Ok(())
}
