//! What is asked, and how often.

use super::*;

#[test]
fn questions_carry_what_is_selected_and_a_salt_of_their_own() {
    let selection = Selection::service("printer").unwrap().attr("color", Some(b"yes")).unwrap();
    let mut run = run(Discovery { selection: selection.clone(), ..Discovery::all() });
    let offer = Offer::new("printer").unwrap().attr("color", b"yes").unwrap();
    let mut salts = alloc::collections::BTreeSet::new();
    let first = run.ask().unwrap();
    salts.insert(first.query().salt);
    while let Some(asked) = run.ask() {
        let query = asked.query();
        assert!(salts.insert(query.salt));
        assert_eq!((query.txn, query.watch), (first.query().txn, false));
        assert!(query.selects(offer.tlvs()) && !query.selects(Tlvs::NONE));
    }
    // Another seed has another session.
    let other = Discoverer::new(Discovery::all(), 2);
    assert_ne!(first.query().txn, other.session.asking.txn);
}

#[test]
fn more_effort_is_more_quiet_sweeps() {
    for (effort, sweeps) in [(Effort::Fast, 8), (Effort::Normal, 16), (Effort::Thorough, 32)] {
        assert_eq!(effort.quiet_sweeps(), sweeps);
        let mut run = run(Discovery { effort, ..few() });
        let done = run.end(&[host(1)]);
        assert_eq!((done.sweeps, done.complete), (sweeps + 1, Some(true)));
    }
    assert_eq!(Discovery::all().effort, Effort::Normal);
}
