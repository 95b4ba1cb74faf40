//! Changing a machine while it runs, because somebody asks for that.

use mcast_net::Ended;
use mcast_proto::Instant;

/// What is done to the machine.
pub(crate) type Change<M> = Box<dyn FnOnce(&mut M, Instant) + Send>;

/// Has a run change its machine, from any thread.
pub(crate) struct Changer<M>(Box<dyn Fn(Change<M>) -> Result<(), Ended> + Send>);

impl<M> Changer<M> {
    pub(crate) fn new(change: impl Fn(Change<M>) -> Result<(), Ended> + Send + 'static) -> Self {
        Changer(Box::new(change))
    }

    /// Has it changed at once.
    pub(crate) fn change(
        &self,
        change: impl FnOnce(&mut M, Instant) + Send + 'static,
    ) -> Result<(), Ended> {
        (self.0)(Box::new(change))
    }
}

/// What is told, once a run is about to start, how it is changed.
pub(crate) type OnStart<M> = Box<dyn FnOnce(Changer<M>)>;
