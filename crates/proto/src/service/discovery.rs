//! What is asked, and for how long.

use core::time::Duration;

use crate::service::ask::goal::Limits;
use crate::service::selection::Selection;
use crate::wire::{DecodeError, Keyring};

/// How sure a discovery is to be before it says that it is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effort {
    /// 8 quiet sweeps, 0.3 s: for wired networks.
    Fast,
    /// 16, 0.6 s: who is behind at most 50 % of loss each way is missed once in ten thousand times.
    #[default]
    Normal,
    /// 32, 1.3 s: the same behind 70 % of loss is missed once in a thousand times.
    Thorough,
}

impl Effort {
    /// Sweeps in a row that hear nobody new, after which a discovery is complete.
    pub fn quiet_sweeps(self) -> u32 {
        match self {
            Effort::Fast => 8,
            Effort::Normal => 16,
            Effort::Thorough => 32,
        }
    }
}

/// What a [`Discoverer`](crate::service::Discoverer) asks, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// Who is asked.
    pub selection: Selection,
    /// When it is enough.
    pub effort: Effort,
    /// The end comes this long after the start in any case. Where nobody answers it comes then.
    pub deadline: Option<Duration>,
    /// The end comes this long after the last new answer, or after the start while there is none. An
    /// end that comes by it is not a complete one.
    pub silence: Option<Duration>,
    /// The end comes as soon as this many responders have answered.
    pub count: Option<u64>,
    /// How many responders are expected, where that is known: it saves asking a sample first.
    pub expected: Option<u64>,
    /// Responders that are remembered, about 300 bytes each; a responder counts once for each of its
    /// addresses. With more, one of the address that has the most gives way, but none of those that have
    /// 64 at the most while another has more, and the result is not complete. Whoever gave way and
    /// answers again is found again.
    pub capacity: usize,
    /// Answers a second that are asked for at the most.
    pub answer_rate: u32,
    /// Queries a second at the most. On Wi-Fi, where multicasts are slow, 100 is better.
    pub query_rate: u32,
    /// The shared secret, without which answers are then ignored.
    pub keyring: Option<Keyring>,
}

impl Discovery {
    /// The defaults, for all responders: three seconds at the most.
    pub fn all() -> Discovery {
        Discovery {
            selection: Selection::all(),
            effort: Effort::default(),
            deadline: Some(Duration::from_secs(3)),
            silence: None,
            count: None,
            expected: None,
            capacity: 200_000,
            answer_rate: 100_000,
            query_rate: 2_000,
            keyring: None,
        }
    }

    /// The defaults, for the responders of a service.
    ///
    /// # Errors
    ///
    /// As [`Selection::service`].
    pub fn of(service: &str) -> Result<Discovery, DecodeError> {
        Ok(Discovery { selection: Selection::service(service)?, ..Discovery::all() })
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            answers: self.answer_rate,
            queries: self.query_rate,
            buffer: DEFAULT_BUFFER,
            sealed: self.keyring.is_some(),
        }
    }
}

/// What Linux's default receive buffer holds, until the driver says what there is.
const DEFAULT_BUFFER: u64 = 256;

// Some of them need a key.
#[cfg(all(test, feature = "auth"))]
mod tests {
    use super::*;

    #[test]
    fn by_default_everybody_is_looked_for_and_for_three_seconds() {
        let all = Discovery::all();
        assert_eq!((all.deadline, all.silence), (Some(Duration::from_secs(3)), None));
        assert_eq!((all.count, all.expected, all.capacity), (None, None, 200_000));
        assert_eq!(all.selection, Selection::all());
        let printers = Discovery::of("printer").unwrap();
        assert_eq!(printers.selection, Selection::service("printer").unwrap());
        assert_eq!(Discovery { selection: Selection::all(), ..printers }, all);
        assert!(Discovery::of("").is_err());
    }

    #[test]
    fn its_rates_bound_the_asking() {
        let config = Discovery { answer_rate: 7, query_rate: 8, ..Discovery::all() };
        let Limits { answers, queries, buffer, sealed } = config.limits();
        assert_eq!((answers, queries, buffer, sealed), (7, 8, 256, false));
    }

    #[test]
    #[cfg(feature = "auth")]
    fn a_secret_takes_room() {
        use crate::wire::{Binding, Key};
        let key = Key::new(b"sixteen bytes, ours", Binding::Source).unwrap();
        let keyring = Some(Keyring::new(key, alloc::vec::Vec::new()));
        assert!(Discovery { keyring, ..Discovery::all() }.limits().sealed);
    }

    #[test]
    fn the_more_effort_the_more_sweeps_are_to_be_quiet() {
        let sweeps = [Effort::Fast, Effort::Normal, Effort::Thorough].map(Effort::quiet_sweeps);
        assert_eq!((sweeps, Effort::default()), ([8, 16, 32], Effort::Normal));
    }
}
