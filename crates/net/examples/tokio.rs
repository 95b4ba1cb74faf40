//! The machines under tokio, without this crate's driver:
//! `cargo run -p mcast-net --example tokio -- respond`, and in another terminal `… discover`.

use std::future::pending;
use std::io;

use mcast_proto::plain::{Discoverer, Discovery, Responder, Responding};
use mcast_proto::{Action, Machine};
use tokio::net::UdpSocket;
use tokio::time::sleep;

mod loopback;
use loopback::{Link, address, clock, print, seed};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("discover") => {
            drive(Discoverer::new(Discovery::default(), seed()), Link::asker()?).await
        }
        Some("respond") => {
            drive(Responder::new(Responding::default(), seed()), Link::member()?).await
        }
        _ => Err(io::Error::other("say discover or respond")),
    }
}

async fn drive(mut machine: impl Machine, link: Link) -> io::Result<()> {
    link.socket.set_nonblocking(true)?;
    let socket = UdpSocket::from_std(link.socket.try_clone()?)?;
    let clock = clock();
    let (mut incoming, mut outgoing) = (vec![0; 65_536], Vec::new());
    loop {
        // 1. Do what is due. The first call starts the machine.
        let now = clock();
        while machine.deadline().is_some_and(|due| due <= now) {
            match machine.handle_timeout(now) {
                Some(Action::Send { to, message }) => {
                    outgoing.clear();
                    message.encode(&mut outgoing);
                    socket.send_to(&outgoing, address(to)).await?;
                }
                Some(Action::Emit(event)) => print(&event),
                Some(Action::Done(summary)) => {
                    println!("{} found", summary.found);
                    return Ok(());
                }
                // The machines of the plain protocol never ask for it.
                Some(Action::Audit) | None => {}
            }
        }

        // 2. Wait for a datagram or for the deadline.
        let deadline = async {
            match machine.deadline() {
                Some(due) => sleep(due - clock()).await,
                None => pending().await,
            }
        };
        let (len, from) = tokio::select! {
            received = socket.recv_from(&mut incoming) => received?,
            () = deadline => continue,
        };

        // 3. Give the datagram to the machine.
        let arrival = link.arrival(from);
        let action = machine.handle_datagram(clock(), arrival, &incoming[..len]);
        if let Some(Action::Emit(event)) = action {
            print(&event);
        }
    }
}
