//! A cable that is pulled while somebody looks for services.

use mcast_tests::netns::{Finished, Host, World};

use crate::doubts::assert_doubted;
use crate::{done, host, mcast, offer};

/// Pulls a cable of the asker once it has found the one responder that there is, and returns what the
/// discovery came to.
#[track_caller]
fn found_without(card: &str, plug_again: bool) -> Option<Finished> {
    let world = World::new()?;
    let (lan, far_lan) = (world.segment(), world.segment());
    let [asker, printer] = [1, 2].map(|number| host(&world, &lan, number));
    asker.card("eth1", &far_lan, &["10.0.1.1/24"]);
    let _responder = offer(&printer, &["lab-3".into()], "");
    let discovery = mcast(&asker, "discover --service printer --json");
    discovery.line_with("\"found\"");
    pull(&asker, card, plug_again);
    Some(discovery.wait())
}

fn pull(host: &Host<'_>, card: &str, plug_again: bool) {
    host.pull(card);
    if plug_again {
        host.plug(card);
    }
}

#[test]
fn a_discovery_whose_cable_is_pulled_is_not_complete() {
    let Some(finished) = found_without("eth0", false) else { return };
    assert_doubted(&finished, "not_sent", "is each cable in");
}

#[test]
fn nor_is_one_that_has_found_somebody_on_another_card() {
    let Some(finished) = found_without("eth1", false) else { return };
    assert_doubted(&finished, "not_sent", "is each cable in");
}

#[test]
fn one_whose_cable_is_plugged_in_again_asks_on_until_it_is() {
    let Some(finished) = found_without("eth1", true) else { return };
    assert_eq!(done(&finished)["complete"], true);
}
