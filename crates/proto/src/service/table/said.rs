//! What one answer says of a responder, in whole or in part.

use alloc::boxed::Box;
use core::time::Duration;

use crate::wire::{Epoch, Tlvs};
use crate::{Instant, Path, Via};

/// Of an answer that was cut short no more TLVs are kept than the shortest question gets.
const LONGEST_PART: usize = 128;

/// What is heard of a responder in one answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'d> {
    pub(crate) at: Path,
    pub(crate) via: Via,
    pub(crate) id: u64,
    pub(crate) words: u64,
    /// The print of it, where it is whole.
    pub(crate) print: u64,
    /// Where it is cut short: how long the whole is.
    pub(crate) missing: Option<u16>,
    pub(crate) epoch: Option<Epoch>,
    pub(crate) lease: Duration,
    pub(crate) tlvs: Tlvs<'d>,
    /// When the question was put that this answers.
    pub(crate) asked: Instant,
}

/// The part of an answer that was cut short, kept in case the whole can not be had.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) from: Path,
    pub(crate) via: Via,
    pub(crate) lease: Duration,
    pub(crate) words: u64,
    tlvs: Box<[u8]>,
}

impl Part {
    pub(crate) fn new(said: Said<'_>) -> Part {
        let Said { at, via, lease, words, .. } = said;
        Part { from: at, via, lease, words, tlvs: said.tlvs.within(LONGEST_PART).as_bytes().into() }
    }

    pub(crate) fn tlvs(&self) -> Tlvs<'_> {
        Tlvs::checked_before(&self.tlvs)
    }
}
