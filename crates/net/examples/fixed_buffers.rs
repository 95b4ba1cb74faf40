//! The machines as firmware runs them, with every buffer made before the loop:
//! `cargo run -p mcast-net --example fixed_buffers -- respond`, and in another terminal `… discover`.
//!
//! `run` needs `core`, `alloc` and the trait `Board`; `std` is here for the board, which is a socket.
#![no_std]

extern crate alloc;
extern crate std;

use alloc::vec::Vec;
use core::time::Duration;
use std::io;

use mcast_proto::plain::{Discoverer, Discovery, Responder, Responding};
use mcast_proto::{Action, Arrival, Destination, Event, Instant, Machine, Summary};

mod loopback;
use loopback::{Link, address, clock, print, seed};

/// The longest datagram: an Ethernet frame's.
const LONGEST: usize = 1500;

/// What the loop needs of the hardware.
trait Board {
    type Error;
    fn now(&self) -> Instant;
    fn send(&mut self, to: Destination, datagram: &[u8]) -> Result<(), Self::Error>;
    /// Waits for a datagram until the deadline, for ever without one.
    fn receive(
        &mut self,
        deadline: Option<Instant>,
        buffer: &mut [u8],
    ) -> Result<Option<(usize, Arrival)>, Self::Error>;
    fn report(&mut self, event: &Event<'_>);
}

/// Drives a machine to its end.
fn run<B: Board>(mut machine: impl Machine, mut board: B) -> Result<Summary, B::Error> {
    let mut incoming = [0; LONGEST];
    // It has room for every datagram from the start, and so allocates nothing later on.
    let mut outgoing = Vec::with_capacity(LONGEST);
    loop {
        // 1. Do what is due. The first call starts the machine.
        let now = board.now();
        while machine.deadline().is_some_and(|due| due <= now) {
            match machine.handle_timeout(now) {
                Some(Action::Send { to, message }) => {
                    outgoing.clear();
                    message.encode(&mut outgoing);
                    board.send(to, &outgoing)?;
                }
                Some(Action::Emit(event)) => board.report(&event),
                Some(Action::Done(summary)) => return Ok(summary),
                // The machines of the plain protocol never ask for it.
                Some(Action::Audit) | None => {}
            }
        }
        // 2. Wait for a datagram or for the deadline.
        let received = board.receive(machine.deadline(), &mut incoming)?;
        let Some((len, arrival)) = received else { continue };
        // 3. Give the datagram to the machine.
        let action = machine.handle_datagram(board.now(), arrival, &incoming[..len]);
        if let Some(Action::Emit(event)) = action {
            board.report(&event);
        }
    }
}

/// A board that is a socket.
struct Host<C> {
    link: Link,
    clock: C,
}

impl<C: Fn() -> Instant> Board for Host<C> {
    type Error = io::Error;

    fn now(&self) -> Instant {
        (self.clock)()
    }

    fn send(&mut self, to: Destination, datagram: &[u8]) -> io::Result<()> {
        self.link.socket.send_to(datagram, address(to)).map(|_| ())
    }

    fn receive(
        &mut self,
        deadline: Option<Instant>,
        buffer: &mut [u8],
    ) -> io::Result<Option<(usize, Arrival)>> {
        // No time at all would mean for ever.
        let patience = deadline.map(|due| (due - self.now()).max(Duration::from_micros(1)));
        self.link.socket.set_read_timeout(patience)?;
        match self.link.socket.recv_from(buffer) {
            Ok((len, from)) => Ok(Some((len, self.link.arrival(from)))),
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }

    fn report(&mut self, event: &Event<'_>) {
        print(event);
    }
}

fn main() -> io::Result<()> {
    let clock = clock();
    let summary = match std::env::args().nth(1).as_deref() {
        Some("discover") => {
            // Room for 64 responders, 2 KiB.
            let discovery = Discovery { capacity: 64, ..Discovery::default() };
            run(Discoverer::new(discovery, seed()), Host { link: Link::asker()?, clock })?
        }
        Some("respond") => {
            let machine = Responder::new(Responding::default(), seed());
            run(machine, Host { link: Link::member()?, clock })?
        }
        _ => return Err(io::Error::other("say discover or respond")),
    };
    std::println!("{} found", summary.found);
    Ok(())
}
