
use super::*;

fn answer(txn: u64, copies: u8) -> Answer {
    let to = Path::new("10.0.0.9:4000".parse().unwrap());
    Answer { to, txn, round: 1, limit: 128, copy: 0, copies }
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// The only service.
const ONE: (&[u64], usize) = (&[1], 0);

fn room_for(most: usize) -> Answers {
    let mut answers = Answers::new(most);
    answers.grow(1);
    answers
}

#[test]
fn each_copy_has_a_part_of_the_window_to_itself() {
    let mut rng = Rng::new(1);
    let window = Duration::from_millis(30);
    let mut tenths = [0u32; 30];
    for _ in 0..1_000 {
        let mut answers = room_for(64);
        assert_eq!(answers.spread(at(100), answer(1, 3), ONE, window, &mut rng), Placed::Free);
        for copy in 0..3 {
            let due = answers.due().unwrap();
            assert!(due >= at(100 + 10 * copy) && due <= at(110 + 10 * copy), "{due:?}");
            tenths[((due - at(100)).as_millis() as usize).min(29)] += 1;
            assert_eq!(answers.pop_due(at(99 + 10 * copy), &mut rng), None);
            let sent = answers.pop_due(due, &mut rng).unwrap();
            assert_eq!(sent, (Answer { copy: copy as u8, ..answer(1, 3) }, 0));
        }
        assert_eq!(answers.due(), None);
    }
    assert!(tenths.iter().all(|n| (50..160).contains(n)), "{tenths:?}");
}

#[test]
fn a_later_answer_to_the_same_asker_leaves_what_waits_where_it_is() {
    let mut rng = Rng::new(2);
    let mut answers = room_for(64);
    let window = Duration::from_millis(24);
    answers.spread(at(0), Answer { round: 7, ..answer(1, 3) }, ONE, window, &mut rng);
    for ms in 0..50 {
        // What somebody forged in its name, due before it.
        let forged = Answer { round: 60_000, ..answer(1, 1) };
        answers.spread(at(0), forged, ONE, Duration::from_micros(ms), &mut rng);
    }
    let popped = core::iter::from_fn(|| answers.pop_due(at(24), &mut rng));
    let sent: Vec<Answer> = popped.map(|(answer, _)| answer).collect();
    let copies = sent.iter().filter(|sent| sent.round == 7).map(|sent| sent.copy);
    assert!(copies.eq(0..3) && sent.len() == 53);
}

#[test]
fn what_would_wait_for_longest_gives_way_and_is_named() {
    let mut rng = Rng::new(3);
    let mut answers = room_for(2);
    let (long, short) = (Duration::from_secs(10), Duration::ZERO);
    for txn in 1..3 {
        assert_eq!(answers.spread(at(0), answer(txn, 3), ONE, long, &mut rng), Placed::Free);
    }
    let longest = answers.waiting.iter().max_by_key(|waiting| waiting.due).unwrap().answer;
    let placed = answers.spread(at(1), answer(3, 3), ONE, short, &mut rng);
    assert_eq!(placed, Placed::InPlaceOf(longest));
    assert_eq!(answers.due(), Some(at(1)));
    let placed = answers.spread(at(10_000), answer(4, 3), ONE, short, &mut rng);
    assert_eq!(placed, Placed::Nowhere);
    // One that would wait as long does not push another out.
    let mut answers = room_for(1);
    assert_eq!(answers.spread(at(0), answer(1, 1), ONE, short, &mut rng), Placed::Free);
    assert_eq!(answers.spread(at(0), answer(2, 1), ONE, short, &mut rng), Placed::Nowhere);
    answers.clear();
    assert_eq!((answers.due(), answers.pop_due(at(9), &mut rng)), (None, None));
    assert_eq!(answers.spread(at(0), answer(2, 1), ONE, short, &mut rng), Placed::Free);
}

/// Some of 130 services.
fn many() -> ([u64; 3], Vec<usize>) {
    let mut services = [0; 3];
    (0..130).step_by(3).for_each(|place| services[place / 64] |= 1 << (place % 64));
    (services, (0..130).step_by(3).collect())
}

#[test]
fn of_many_services_each_answers_once_a_copy_in_a_cell_of_its_own_that_is_another_each_time() {
    let mut rng = Rng::new(4);
    let (services, all) = many();
    let window = Duration::from_millis(88);
    let mut firsts = alloc::collections::BTreeSet::new();
    for _ in 0..200 {
        let mut answers = Answers::new(2);
        answers.grow(130);
        let asked = (&services[..], places::any(&services, &mut rng));
        answers.spread(at(100), answer(1, 2), asked, window, &mut rng);
        for copy in 0..2 {
            let mut sent = Vec::new();
            for cell in 0..44 {
                let due = answers.due().unwrap();
                let begins = 100 + 44 * copy + cell;
                assert!(due >= at(begins) && due <= at(begins + 1), "{due:?}");
                let (answer, place) = answers.pop_due(due, &mut rng).unwrap();
                assert_eq!(u64::from(answer.copy), copy);
                sent.push(place);
            }
            firsts.insert(sent[0]);
            sent.sort_unstable();
            assert_eq!(sent, all);
        }
        assert_eq!(answers.due(), None);
    }
    assert!(firsts.len() > 40, "{}", firsts.len());
}

#[test]
fn who_answers_no_more_is_passed_over_and_the_others_answer_all_the_same() {
    let mut rng = Rng::new(5);
    let (services, all) = many();
    for sent_before in 0..88 {
        let mut answers = Answers::new(3);
        answers.grow(130);
        for txn in 1..=3 {
            let asked = (&services[..], places::any(&services, &mut rng));
            answers.spread(at(0), answer(txn, 2), asked, Duration::ZERO, &mut rng);
        }
        let mut sent = Vec::new();
        sent.extend((0..sent_before).filter_map(|_| answers.pop_due(at(9), &mut rng)));
        // The one that is next, and any other.
        let next = answers.clone().pop_due(at(9), &mut rng).map_or(0, |(_, place)| place);
        let gone = [next, 33];
        gone.iter().for_each(|place| answers.forget(*place, &mut rng));
        let after: Vec<_> = core::iter::from_fn(|| answers.pop_due(at(9), &mut rng)).collect();
        assert!(after.iter().all(|(_, place)| !gone.contains(place)), "{sent_before}");
        sent.extend(after);
        for place in all.iter().filter(|place| !gone.contains(*place)) {
            assert_eq!(sent.iter().filter(|(_, whose)| whose == place).count(), 6);
        }
    }
    let mut answers = room_for(2);
    answers.spread(at(0), answer(1, 3), ONE, Duration::ZERO, &mut rng);
    answers.forget(0, &mut rng);
    assert_eq!((answers.due(), answers.waiting.len()), (None, 0));
}

#[test]
fn more_room_for_services_leaves_what_waits_as_it_is() {
    let mut rng = Rng::new(6);
    let mut answers = room_for(4);
    for txn in 1..=3 {
        answers.spread(at(0), answer(txn, 1), (&[0b101], 2), Duration::ZERO, &mut rng);
    }
    answers.grow(200);
    let mut sent: Vec<_> = core::iter::from_fn(|| answers.pop_due(at(9), &mut rng))
        .map(|(answer, place)| (answer.txn, place))
        .collect();
    sent.sort_unstable();
    assert_eq!(sent, [(1, 0), (1, 2), (2, 0), (2, 2), (3, 0), (3, 2)]);
}
