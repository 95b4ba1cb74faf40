//! A run as a stream: whoever polls it drives the machine, under the event loop of an async runtime.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use mcast_proto::Machine;

use crate::driver::handle::Handle;
use crate::driver::{Driver, Heard, Turn};
use crate::error::Error;
use crate::faces::events::OwnedHeard;
use crate::faces::readiness::Readiness;
use crate::report::Report;

/// Turns in a row without an event after which others of the runtime have their turn.
const TURNS: u32 = 32;

/// What a machine reports, as a stream, on Linux: made by `Driver::into_tokio` (feature `tokio`) and
/// `Driver::into_async_io` (feature `async-io`, for smol and async-std).
///
/// It is the same driver with the same sockets as [`Driver::run`]: it starts no thread, and takes no timer of
/// the runtime. The machine runs while the stream is polled, so poll it even where its events mean nothing
/// to you: a responder whose stream nobody polls answers nobody.
///
/// The stream ends when the machine has finished, is stopped by its [`handle`](Self::handle), or the run
/// fails: [`close`](Self::close) tells which. Dropping it ends the run without waiting: one copy of what the
/// machine has to say at its end, as a responder's goodbye, is sent if there is room for it.
///
/// Any wait for it may be dropped and begun again, as in `select!`: no event is lost by that.
pub struct EventStream<M: Machine> {
    driver: Driver<M>,
    readiness: Readiness,
    /// The runtime's view of it.
    reactor: Box<dyn Reactor>,
    /// More was there than was taken in.
    is_ready: bool,
    heard: VecDeque<OwnedHeard>,
    /// What the run came to, once it is over.
    outcome: Option<Result<Report, Error>>,
}

/// An event loop that tells when something has come to a descriptor since it was last asked. What was there
/// before it need not tell again.
pub(crate) trait Reactor: Send + Sync {
    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl<M: Machine> EventStream<M> {
    pub(crate) fn new(
        driver: Driver<M>,
        reactor: impl FnOnce(OwnedFd) -> io::Result<Box<dyn Reactor>>,
    ) -> Result<EventStream<M>, Error> {
        let open = || {
            let readiness = Readiness::new(driver.endpoint())?;
            let reactor = reactor(readiness.as_fd().try_clone_to_owned()?)?;
            io::Result::Ok((readiness, reactor))
        };
        let (readiness, reactor) =
            open().map_err(|cause| Error::system("register with the runtime", cause))?;
        let heard = VecDeque::new();
        Ok(EventStream { driver, readiness, reactor, is_ready: false, heard, outcome: None })
    }

    /// A handle that ends the run, or changes the machine while it runs.
    pub fn handle(&self) -> Handle<M> {
        self.driver.handle()
    }

    /// The driver, with its machine and sockets.
    pub fn driver(&self) -> &Driver<M> {
        &self.driver
    }

    /// The next event; `None` once the run is over.
    pub async fn next(&mut self) -> Option<OwnedHeard> {
        poll_fn(|context| self.poll(context)).await
    }

    /// Ends the run where it goes on: the machine says all that it has to, a responder both its goodbyes.
    /// Events that were not taken are dropped.
    ///
    /// # Errors
    ///
    /// Why the run failed: see [`Driver::run`].
    pub async fn close(mut self) -> Result<Report, Error> {
        self.driver.stopper().stop();
        while self.next().await.is_some() {}
        self.outcome.take().expect("a stream ends with an outcome")
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<OwnedHeard>> {
        for _ in 0..TURNS {
            if let Some(heard) = self.heard.pop_front() {
                return Poll::Ready(Some(heard));
            }
            if self.outcome.is_some() {
                return Poll::Ready(None);
            }
            if let Some(outcome) = ready!(self.poll_turn(context)).transpose() {
                self.driver.refuse_changes();
                self.outcome = Some(outcome);
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Does what is due, or, where nothing is, takes in what has come. Says what the run came to, if it is
    /// over.
    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Report>, Error>> {
        let EventStream { driver, readiness, reactor, is_ready, heard, .. } = self;
        let mut on_event = |event: Heard<'_>| heard.push_back(event.into());
        let until = match driver.turn(&mut on_event)? {
            Turn::Over(report) => return Poll::Ready(Ok(Some(report))),
            Turn::Wait(until) => until,
        };
        let failed = |cause| Error::system("wait for datagrams", cause);
        let patience = until - driver.now();
        if patience > Duration::ZERO && heard.is_empty() {
            readiness.prepare(driver.endpoint(), patience).map_err(failed)?;
            if !*is_ready {
                ready!(reactor.poll_readable(context)).map_err(failed)?;
            }
        }
        driver.hear(Duration::ZERO, &mut |event| heard.push_back(event.into()))?;
        *is_ready = readiness.is_ready().map_err(failed)?;
        Poll::Ready(Ok(None))
    }
}

impl<M: Machine> Stream for EventStream<M> {
    type Item = OwnedHeard;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<OwnedHeard>> {
        self.poll(context)
    }
}

/// The machine is never pinned.
impl<M: Machine> Unpin for EventStream<M> {}

impl<M: Machine> Drop for EventStream<M> {
    fn drop(&mut self) {
        if self.outcome.is_none() {
            self.driver.end_at_once();
        }
    }
}

impl<M: Machine + fmt::Debug> fmt::Debug for EventStream<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("driver", &self.driver).finish_non_exhaustive()
    }
}

#[cfg(feature = "tokio")]
mod tokio {
    use ::tokio::io::unix::AsyncFd;

    use super::*;
    use crate::sys;

    impl<M: Machine> Driver<M> {
        /// The run as a stream, polled under tokio.
        ///
        /// # Errors
        ///
        /// When the system has no descriptor left for it.
        ///
        /// # Panics
        ///
        /// Outside of a tokio runtime with I/O enabled.
        pub fn into_tokio(self) -> Result<EventStream<M>, Error> {
            EventStream::new(self, |fd| Ok(Box::new(sys::register(fd)?)))
        }
    }

    impl Reactor for AsyncFd<OwnedFd> {
        fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            ready!(self.poll_read_ready_mut(context))?.clear_ready();
            Poll::Ready(Ok(()))
        }
    }
}

#[cfg(feature = "async-io")]
mod async_io {
    use ::async_io::Async;

    use super::*;

    impl<M: Machine> Driver<M> {
        /// The run as a stream, polled under any executor: smol's, async-std's or another's.
        ///
        /// # Errors
        ///
        /// When the system has no descriptor left for it.
        pub fn into_async_io(self) -> Result<EventStream<M>, Error> {
            EventStream::new(self, |fd| Ok(Box::new(Async::new(fd)?)))
        }
    }

    impl Reactor for Async<OwnedFd> {
        fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Async::poll_readable(self, context)
        }
    }
}
