//! Which datagrams are listened to (RFC 6762 section 11).

use mcast_proto::{Arrival, Cast, Instant, Via};

use super::PORT;
use super::answer::Heard;

/// How an answer was heard, if it may be one: from the link alone, and what was sent to the group from the
/// protocol's port alone. Where the platform does not say how it was addressed, it may be either.
pub(super) fn heard(now: Instant, arrival: &Arrival, takes_unicast: bool) -> Option<Heard> {
    let is_from_port = arrival.from.remote.port() == PORT;
    let is_taken = match arrival.cast {
        Cast::Group(_) => is_from_port,
        Cast::Unicast => takes_unicast,
        _ => is_from_port,
    };
    let taken = arrival.time(now);
    let via = Via::from(arrival.cast);
    let is_legacy = via == Via::Unicast && takes_unicast;
    (arrival.on_link && is_taken).then_some(Heard {
        now,
        taken,
        from: arrival.from,
        via,
        is_legacy,
    })
}

#[cfg(test)]
mod tests {
    use mcast_proto::Path;

    use super::*;

    #[test]
    fn what_is_on_the_link_and_from_the_port_is_listened_to() {
        let now = Instant::from_millis(9);
        let group = Cast::Group(([224, 0, 0, 251], 5353).into());
        for (cast, port, takes_unicast, taken) in [
            (group, 5353, false, Some(false)),
            (group, 40_000, true, None),
            (Cast::Unicast, 5353, true, Some(true)),
            (Cast::Unicast, 40_000, true, Some(true)),
            (Cast::Unicast, 5353, false, None),
            (Cast::Unknown, 5353, true, Some(true)),
            (Cast::Unknown, 5353, false, Some(false)),
            (Cast::Unknown, 40_000, true, None),
        ] {
            let from = Path::new(([10, 0, 0, 2], port).into());
            let is_legacy = |on_link| {
                let arrival = Arrival::new(from, cast, on_link);
                heard(now, &arrival, takes_unicast).map(|heard| heard.is_legacy)
            };
            assert_eq!((is_legacy(true), is_legacy(false)), (taken, None), "{cast:?} {port}");
        }
        let arrival = Arrival::new(Path::new(([10, 0, 0, 2], 5353).into()), Cast::Unicast, true);
        let taken = |at| {
            heard(now, &arrival.taken_at(Instant::from_millis(at)), true).map(|heard| heard.taken)
        };
        assert_eq!((taken(7), taken(11)), (Some(Instant::from_millis(7)), Some(now)));
    }
}
