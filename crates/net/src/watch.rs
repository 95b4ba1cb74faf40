//! Noticing that interfaces come, go and change.

use std::time::Duration;

#[cfg(target_os = "linux")]
pub(crate) use crate::rtnetlink::Notices as Watch;
#[cfg(not(target_os = "linux"))]
pub(crate) use nowhere::Watch;

/// How long interfaces are left unlisted where nothing is noticed: a safety net where the system
/// tells of changes, and the way to notice them where it does not.
pub(crate) const RELIST: Duration =
    if cfg!(target_os = "linux") { Duration::from_secs(60) } else { Duration::from_secs(2) };

/// What a watch has noticed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// Whether anything has changed.
    pub(crate) any: bool,
    /// The interfaces that lost their carrier or an address, or went away, though they may have it back
    /// by now.
    pub(crate) fallen: Vec<u32>,
    /// Whether there was more than the socket could hold: then anything may have happened.
    pub(crate) overflowed: bool,
}

#[cfg(not(target_os = "linux"))]
mod nowhere {
    use std::io;

    use super::News;
    use crate::waker::Bell;

    /// Nothing: the system is asked again from time to time.
    #[derive(Debug)]
    pub(crate) struct Watch;

    impl Watch {
        pub(crate) fn new() -> io::Result<Watch> {
            Ok(Watch)
        }

        pub(crate) fn fd(&self) -> Option<&Bell> {
            None
        }

        pub(crate) fn drain(&self) -> News {
            News::default()
        }
    }
}
