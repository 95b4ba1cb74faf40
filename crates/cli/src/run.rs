//! A verb's run, which is data: what it is and how it is shown.

use std::time::Duration;

use crate::describing::Describing;
use crate::progress::Progress;
use crate::reload::OnStart;
use crate::render::{Format, Told};
use crate::terminal::Reader;

/// A verb's run, as seen from outside.
pub(crate) struct Run<M> {
    /// The form of its results.
    pub(crate) format: Format,
    /// What the reader of its results is to it.
    pub(crate) reader: Reader,
    /// What its end tells.
    pub(crate) told: Told,
    /// What is shown meanwhile.
    pub(crate) progress: Progress<M>,
    /// Whether it is said, once a second, how much comes.
    pub(crate) stats: bool,
    /// Whether each line of text says when it was.
    pub(crate) times: bool,
    /// The URLs that are to be read when it is over.
    pub(crate) describing: Option<Describing>,
    /// Whether the manager of services, where there is one, is told that it ends.
    pub(crate) is_service: bool,
    /// Whether it waits for others, and so says when it is ready.
    pub(crate) waits: bool,
    /// When a watch is over.
    pub(crate) until: Until,
    /// Who changes it while it goes on.
    pub(crate) on_start: Option<OnStart<M>>,
}

/// When a run that would not end by itself is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Until {
    /// As soon as so many are there at the same time.
    pub(crate) count: Option<u64>,
    /// After this long in any case.
    pub(crate) deadline: Option<Duration>,
}

impl<M> Run<M> {
    /// One of which nothing but the results is shown.
    pub(crate) fn new(format: Format, reader: Reader) -> Run<M> {
        Run {
            format,
            reader,
            told: Told::Traffic,
            progress: Progress::Nothing,
            stats: false,
            times: false,
            describing: None,
            is_service: false,
            waits: true,
            until: Until::default(),
            on_start: None,
        }
    }
}
