//! What a driver waits for beside its sockets.

pub(crate) mod alarm;
pub(crate) mod poller;
pub(crate) mod waker;
