//! Another selection while it runs.

use super::*;
use crate::service::Selection;

#[test]
fn after_a_change_of_selection_a_find_is_of_the_new_one() {
    let mut net = Net::of(Discovery::of("printer").unwrap(), (1..=3).map(Peer::new));
    net.run_for(SECOND * 3);
    let old = net.asked.last().unwrap().query().txn;
    net.forget();
    net.watcher.select(net.now, Selection::all());
    assert_eq!((net.watcher.present(), net.watcher.summary(net.now).found), (0, 0));
    assert_eq!(net.watcher.summary(net.now).complete, None);
    net.run_for(SECOND * 3);
    assert!(!net.asked.is_empty());
    for asked in &net.asked {
        let query = asked.query();
        let is_for_some = query.tlvs.iter().any(|tlv| matches!(tlv, Tlv::SelectService(_)));
        assert_eq!((is_for_some, query.txn != old), (false, true));
    }
    assert_eq!(net.told(), (1..=3).map(Told::Found).collect::<Vec<_>>());
    let sent = net.watcher.summary(net.now).sent;
    assert!(sent > net.asked.len() as u64, "what was sent before is still counted");
}

#[test]
fn before_its_start_it_only_changes_what_will_be_asked_and_after_its_end_nothing() {
    let mut net = Net::of(Discovery::of("scanner").unwrap(), [Peer::new(1)]);
    let scanners = || Selection::service("scanner").unwrap();
    net.watcher.select(net.now, Selection::service("printer").unwrap());
    net.run_for(SECOND);
    assert_eq!(net.told(), [Told::Found(1)]);
    net.forget();
    net.watcher.select(net.now, scanners());
    net.run_for(SECOND);
    assert_eq!(net.told(), []);
    net.watcher.close(net.now);
    net.watcher.select(net.now, scanners());
    assert!(matches!(net.watcher.handle_timeout(net.now), Some(Action::Done(_))));
    net.watcher.select(net.now, scanners());
    assert_eq!(net.watcher.deadline(), None);
}
