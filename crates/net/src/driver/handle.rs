//! Changing a machine while it runs.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use mcast_proto::Instant;

use crate::waiting::waker::Stopper;

/// Ends a run, or changes its machine while it runs, from any thread: made by
/// [`Driver::handle`](crate::Driver::handle).
///
/// ```no_run
/// use mcast_proto::service::Offer;
///
/// let offer = Offer::new("thermometer")?.attr("celsius", b"20")?;
/// let mut driver = mcast_net::offer(offer)?;
/// let handle = driver.handle();
/// std::thread::spawn(move || driver.run(|_| {}));
/// let warmer = Offer::new("thermometer")?.attr("celsius", b"21")?;
/// handle.change(|responder, now| responder.update(now, warmer))?;
/// handle.stop();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Handle<M> {
    stopper: Stopper,
    waiting: Arc<Waiting<M>>,
}

/// The run is over, so that nothing changes it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended;

type Change<M> = Box<dyn FnOnce(&mut M, Instant) + Send>;

/// Changes that the run has not made yet; `None` once it is over.
type Waiting<M> = Mutex<Option<Vec<Change<M>>>>;

impl<M> Handle<M> {
    /// Ends the run, as [`Stopper::stop`] does.
    pub fn stop(&self) {
        self.stopper.stop();
    }

    /// What ends the run and no more, whatever the machine is.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Has the run call a function with its machine and the time, at once: before anything else is sent or
    /// read. It returns without waiting for that. Changes are made in the order in which they came, those
    /// that come before the run starts at its start.
    ///
    /// # Errors
    ///
    /// When the run is over, or its driver was dropped. A change that is accepted is made, unless the
    /// run ends before.
    pub fn change(
        &self,
        change: impl FnOnce(&mut M, Instant) + Send + 'static,
    ) -> Result<(), Ended> {
        match &mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(waiting) => waiting.push(Box::new(change)),
            None => return Err(Ended),
        }
        self.stopper.wake();
        Ok(())
    }
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Handle<M> {
        Handle { stopper: self.stopper.clone(), waiting: self.waiting.clone() }
    }
}

impl<M> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("stopper", &self.stopper).finish_non_exhaustive()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the run is over")
    }
}

impl std::error::Error for Ended {}

/// The driver's end of a handle.
pub(crate) struct Changes<M>(Handle<M>);

impl<M> Changes<M> {
    pub(crate) fn new(stopper: Stopper) -> Changes<M> {
        Changes(Handle { stopper, waiting: Arc::new(Mutex::new(Some(Vec::new()))) })
    }

    pub(crate) fn handle(&self) -> Handle<M> {
        self.0.clone()
    }

    /// Makes the changes that wait.
    pub(crate) fn make(&self, now: Instant, machine: &mut M) {
        let waiting = match &mut *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(waiting) if !waiting.is_empty() => std::mem::take(waiting),
            _ => return,
        };
        // Not under the lock: what a change does may take the handle itself.
        for change in waiting {
            change(machine, now);
        }
    }

    /// Accepts no further ones.
    pub(crate) fn end(&self) {
        *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl<M> Drop for Changes<M> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<M> fmt::Debug for Changes<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
