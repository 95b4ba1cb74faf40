//! Who gives way where there is no room left.

use super::*;

#[test]
fn a_responder_has_sixteen_voices_and_the_one_heard_least_lately_goes() {
    let mut known = known(100);
    (1..=16).for_each(|number| assert_ne!(known.hears(said(7, number)), Heard::Nothing));
    known.hears(said(7, 1));
    assert_eq!(known.hears(said(7, 17)), Heard::Changed(Change::Address));
    let names = |numbers: &[u16]| -> Vec<u64> {
        numbers.iter().map(|number| whole_name(7, host(*number).remote, 10)).collect()
    };
    let kept: Vec<u16> = (3..=16).chain([1, 17]).collect();
    assert_eq!(known.voices_of(7), names(&kept));
    assert_eq!((known.len(), known.voices(), known.was_full), (1, 16, false));
    known.audit();
}

#[test]
fn where_there_is_no_more_room_the_greediest_address_gives_way() {
    let mut known = known(200);
    hear_all(&mut known, 0..64, 1);
    hear_all(&mut known, 100..164, 2);
    hear_all(&mut known, 200..272, 3);
    assert_eq!((known.voices(), known.was_full, known.gave_way), (200, false, None));
    let mut gone = BTreeSet::new();
    for id in 300..308 {
        assert_eq!(known.hears(said(id, id as u16)), Heard::New);
        let (gave_way, at) = known.gave_way.expect("one did");
        assert!((200..272).contains(&gave_way) && at == host(3));
        assert!(known.get(gave_way).is_none() && gone.insert(gave_way));
        known.audit();
    }
    // Who comes from the greediest address takes the place of one of his own.
    for id in 400..420 {
        assert_eq!(known.hears(said(id, 3)), Heard::New);
        let (gave_way, _) = known.gave_way.unwrap();
        assert!((200..272).contains(&gave_way) || (400..id).contains(&gave_way));
    }
    known.audit();
    assert_eq!(known.hears(said(0, 1)), Heard::Nothing);
    assert_eq!(known.gave_way, None);
    let ids = known.ids();
    assert!((0..64).chain(100..164).chain(300..308).all(|id| ids.contains(&id)));
    // It is remembered that some had to.
    assert!(known.was_full);
}

#[test]
fn in_a_large_table_sixty_four_voices_never_give_way_while_an_address_has_more() {
    let mut known = known(5_000);
    hear_all(&mut known, 1_000..1_064, 1);
    hear_all(&mut known, 2_000..2_100, 2);
    (10_000..14_836).for_each(|id| hear_all(&mut known, id..id + 1, 100 + (id / 64) as u16));
    assert_eq!((known.voices(), known.was_full), (5_000, false));
    for id in 30_000..30_036 {
        hear_all(&mut known, id..id + 1, 3);
        let (gone, at) = known.gave_way.unwrap();
        assert!((2_000..2_100).contains(&gone) && at == host(2), "{gone}");
    }
    known.audit();
}

#[test]
fn where_nobody_is_greedy_who_came_late_gives_way_and_not_by_its_place() {
    let mut known = known(100);
    let honest = 1 << 40..(1 << 40) + 50;
    hear_each(&mut known, honest.clone());
    // Others answer with ids whose places are side by side.
    let side_by_side = |n: u64| (0..).find(|id| crate::wire::place(*id, TXN) >> 52 == n).unwrap();
    let crowd: BTreeSet<u64> = (0..50).map(side_by_side).collect();
    crowd.iter().for_each(|id| hear_each(&mut known, *id..id + 1));
    for id in 1 << 41..(1 << 41) + 500 {
        hear_each(&mut known, id..id + 1);
        let (gave_way, _) = known.gave_way.unwrap();
        assert!(gave_way != id && !honest.contains(&gave_way), "{gave_way}");
    }
    let later = known.ids().iter().filter(|id| **id >= 1 << 41).count();
    assert!((10..50).contains(&later), "{later}");
    known.audit();
}

/// Each is at a host of its own.
fn hear_each(known: &mut Known, ids: Range<u64>) {
    ids.for_each(|id| assert_eq!(known.hears(said(id, id as u16)), Heard::New));
}

#[test]
fn who_was_not_told_of_does_not_give_way_to_others() {
    let mut known = known(40);
    (0..10).for_each(|id| assert_eq!(known.hears(short(id, id as u16, 200)), Heard::NewInPart));
    for id in 100..200 {
        assert_eq!(known.hears(said(id, id as u16)), Heard::New);
        assert!(known.gave_way.is_none_or(|(gone, _)| gone >= 100 && gone != id));
    }
    known.audit();
    assert!((0..10).all(|id| known.get(id).is_some()));
}

#[test]
fn of_the_greediest_even_who_was_not_told_of_gives_way_and_that_is_not_told() {
    let mut known = known(70);
    (0..17).for_each(|id| assert_eq!(known.hears(short(id, 1, 200)), Heard::NewInPart));
    hear_all(&mut known, 100..148, 1);
    hear_all(&mut known, 200..205, 2);
    let mut silently = 0;
    for id in 300..340 {
        let before = known.ids();
        known.hears(said(id, 1));
        let gone: Vec<u64> = before.difference(&known.ids()).copied().collect();
        assert_eq!(gone.len(), 1);
        assert_eq!(known.gave_way.map(|(gone, _)| gone), Some(gone[0]).filter(|id| *id >= 100));
        silently += usize::from(gone[0] < 100);
        known.audit();
    }
    assert!(silently > 0);
}

#[test]
fn what_a_forger_says_for_another_gives_way_and_not_what_that_one_says() {
    let mut known = known(100);
    // He speaks for the responder of host 1, and for many that he made up.
    assert_eq!(known.hears(said(7, 1)), Heard::New);
    assert_eq!(known.hears(Said { words: 66, ..said(7, 6) }), Heard::Changed(Change::Conflict));
    hear_all(&mut known, 100..198, 6);
    for id in 200..1_200 {
        hear_all(&mut known, id..id + 1, 6);
        assert!(known.gave_way.is_none_or(|(gone, at)| gone != 7 && at == host(6)));
    }
    assert_eq!(known.voices_of(7), [whole_name(7, host(1).remote, 10)]);
    known.audit();
}

#[test]
fn with_nobody_else_the_newcomer_gives_way_after_it_was_told_of() {
    let mut known = known(1);
    assert_eq!(known.hears(said(1, 1)), Heard::New);
    assert_eq!(known.hears(said(2, 2)), Heard::New);
    assert_eq!(known.gave_way, Some((1, host(1))));
    // Of one responder it is what it said before.
    assert_eq!(known.hears(said(2, 3)), Heard::Changed(Change::Address));
    assert_eq!(
        (known.gave_way, known.voices_of(2)),
        (None, vec![whole_name(2, host(3).remote, 10)])
    );
    known.audit();
    let mut known = self::known(1);
    known.hears(short(1, 1, 200));
    assert_eq!(known.hears(said(2, 2)), Heard::New);
    assert_eq!((known.gave_way, known.get(2).is_none()), (Some((2, host(2))), true));
    assert_eq!(known.voices_of(1), [short_name(1, host(1).remote, 10)]);
    known.audit();
}
