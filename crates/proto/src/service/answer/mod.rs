//! Answering: for whom, when, and how much.

pub(super) mod announcer;
pub(super) mod answers;
pub(super) mod audience;
pub(super) mod crowd;
pub(super) mod names;
pub(super) mod neighbours;
pub(super) mod places;
pub(super) mod pressure;
pub(super) mod recent;
pub(super) mod responder;
pub(super) mod responders;
pub(super) mod responding;
pub(super) mod services;
pub(super) mod spread;
pub(super) mod timers;
pub(super) mod unfit;
pub(super) mod words;
