//! Noticing that interfaces come, go and change.

use std::time::Duration;

#[cfg(target_os = "linux")]
pub(crate) use crate::interfaces::rtnetlink::Notices as Watch;
#[cfg(not(target_os = "linux"))]
pub(crate) use nowhere::Watch;

/// How long interfaces are left unlisted where nothing is noticed: a safety net where the system
/// tells of changes, and the way to notice them where it does not.
pub(crate) const RELIST: Duration =
    if cfg!(target_os = "linux") { Duration::from_secs(60) } else { Duration::from_secs(2) };

#[cfg(not(target_os = "linux"))]
mod nowhere {
    use std::io;

    use crate::interfaces::news::News;
    use crate::waiting::waker::WakeSocket;

    /// Nothing: the system is asked again from time to time.
    #[derive(Debug)]
    pub(crate) struct Watch;

    impl Watch {
        pub(crate) fn new() -> io::Result<Watch> {
            Ok(Watch)
        }

        pub(crate) fn fd(&self) -> Option<&WakeSocket> {
            None
        }

        pub(crate) fn drain(&self) -> News {
            News::default()
        }
    }
}
