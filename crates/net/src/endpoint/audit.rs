//! What became of what was sent and heard.

use mcast_proto::{Evidence, Instant};

use crate::sockets::account;

use crate::endpoint::Endpoint;
use crate::endpoint::ledger::Ledger;
use crate::error::Error;

impl Endpoint {
    /// Sends what waits and looks afresh at everything, and says what happened since the last audit.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    pub(crate) fn audit(&mut self, now: Instant) -> Result<Evidence, Error> {
        self.flush(now)?;
        // More of a change may be under way: the interfaces are listed again after it.
        if self.note_change(now) {
            self.relist();
        }
        let unsent = self.unsent();
        let drops = self.kernel_drops();
        let Ledger { has_changed, drops: before, .. } = std::mem::take(&mut self.ledger);
        self.ledger.drops = drops;
        Ok(Evidence::new(unsent, drops.saturating_sub(before), has_changed))
    }

    /// Datagrams to the group that did not leave by every interface in use since the last audit.
    fn unsent(&mut self) -> u64 {
        let waiting = self.outbox.waiting_for_group();
        let refused: u64 = self.accounts.iter_mut().map(|account| account.take_unsent()).sum();
        let is_open = |account: usize, slot: usize| {
            self.channels.iter().any(|channel| (channel.account, channel.slot) == (account, slot))
        };
        let mut nowhere = 0;
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            let to_group = std::mem::take(&mut lane.to_group);
            let reached = self.accounts.iter().enumerate().flat_map(|(account, it)| {
                let reached = it.reached().filter(|slot| account::lane(*slot) == number);
                reached.map(move |slot| is_open(account, slot))
            });
            let (open, closed) = reached.fold((0, 0), |(open, closed), is_open| match is_open {
                true => (open + 1, closed),
                false => (open, closed + 1),
            });
            // Who asks now asks on the interfaces that there were at first: without one it has not asked
            // there. Who goes on for long goes on with those that there are.
            let missing = if lane.role.waits { 0 } else { closed };
            nowhere += missing * to_group + if open == 0 { to_group } else { 0 };
        }
        waiting + refused + nowhere
    }
}
