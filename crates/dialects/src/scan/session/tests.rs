//! Who is remembered, who is asked for, and who gives way.

use alloc::format;

use super::super::draws::Draws;
use super::*;

const NOW: Instant = Instant::from_millis(1_000);

fn session(capacity: usize) -> Session {
    Session::new(capacity, true, Draws::new(7))
}

fn from(host: u8) -> Path {
    Path::new(([10, 0, 0, host], 9).into())
}

fn leased(seconds: u64) -> Hold {
    Hold::Lease(Duration::from_secs(seconds))
}

fn hear(session: &mut Session, now: Instant, host: u8, id: &str, hold: Hold) -> (Heard, bool) {
    say(session, now, host, id, hold, "a")
}

fn say(
    session: &mut Session,
    now: Instant,
    host: u8,
    id: &str,
    hold: Hold,
    word: &str,
) -> (Heard, bool) {
    let sighting = Sighting {
        id: id.as_bytes(),
        words: Words::of([None, Some(word.as_bytes())]),
        hold,
        recall: id.as_bytes(),
        round_trip: None,
        lease: None,
        say: &|_| (),
    };
    session.hear(now, from(host), Via::Unicast, &sighting)
}

fn losses(session: &mut Session) -> Vec<(Path, Loss)> {
    let all = core::iter::from_fn(|| session.next_news());
    all.filter_map(|news| match news.what {
        What::Lost(_, reason) => Some((news.from, reason)),
        _ => None,
    })
    .collect()
}

#[test]
fn a_flood_of_inventions_pushes_out_its_own_and_is_told_of() {
    let mut session = session(100);
    for host in 1..=10 {
        assert_eq!(hear(&mut session, NOW, host, "real", Hold::Rounds), (Heard::News, false));
    }
    for n in 0..90 {
        assert_eq!(
            hear(&mut session, NOW, 99, &format!("{n}"), Hold::Rounds),
            (Heard::News, false)
        );
    }
    for n in 90..1_000 {
        assert_eq!(hear(&mut session, NOW, 99, &format!("{n}"), Hold::Rounds).0, Heard::NoRoom);
    }
    assert_eq!(losses(&mut session), []);
    assert_eq!(hear(&mut session, NOW, 11, "real", Hold::Rounds), (Heard::News, true));
    assert_eq!(losses(&mut session), [(from(99), Loss::NoRoom)]);
    for host in 1..=11 {
        assert_eq!(hear(&mut session, NOW, host, "real", Hold::Rounds).0, Heard::Nothing);
    }
    assert_eq!(session.found(), 101);
}

#[test]
fn what_can_not_be_told_now_is_told_when_it_is_heard_again() {
    let mut session = session(5_000);
    for n in 0..MOST_NEWS {
        assert_eq!(hear(&mut session, NOW, 1, &format!("{n}"), Hold::Rounds).0, Heard::News);
    }
    assert_eq!(hear(&mut session, NOW, 2, "late", Hold::Rounds).0, Heard::NoRoom);
    assert_eq!(say(&mut session, NOW, 1, "0", Hold::Rounds, "b").0, Heard::NoRoom);
    assert_eq!(session.found(), MOST_NEWS as u64);
    assert!(session.next_news().is_some() && session.next_news().is_some());
    assert_eq!(say(&mut session, NOW, 1, "0", Hold::Rounds, "b").0, Heard::News);
    assert_eq!(hear(&mut session, NOW, 2, "late", Hold::Rounds).0, Heard::News);
}

#[test]
fn one_that_is_heard_in_time_is_not_asked_for() {
    let mut session = session(10);
    hear(&mut session, NOW, 1, "a", leased(100));
    for n in 1..20 {
        let now = NOW + Duration::from_secs(50 * n);
        hear(&mut session, now, 1, "a", leased(100));
        assert_eq!(session.check(now), None);
    }
    assert!(session.checks.len() <= 1);
}

#[test]
fn a_lease_that_becomes_shorter_counts_from_then() {
    let mut session = session(10);
    hear(&mut session, NOW, 1, "a", leased(10_000));
    hear(&mut session, NOW, 1, "a", leased(100));
    assert_eq!(session.due(), Some(NOW + Duration::from_secs(80)));
    hear(&mut session, NOW, 1, "a", leased(10_000));
    let now = NOW + Duration::from_secs(80);
    assert_eq!(session.check(now), None);
    assert_eq!(session.due(), Some(NOW + Duration::from_secs(8_000)));
}

#[test]
fn a_source_with_many_leases_does_not_keep_others_from_being_asked() {
    let mut session = session(5_000);
    for n in 0..1_000 {
        hear(&mut session, NOW, 99, &format!("{n}"), leased(60));
    }
    hear(&mut session, NOW, 1, "real", leased(60));
    while session.next_news().is_some() {}
    let start = NOW + Duration::from_secs(48);
    let mut now = start;
    let mut asked = Vec::new();
    while now - start < Duration::from_secs(1) {
        let before = now;
        if let Some(recall) = session.check(now) {
            asked.push(recall.path);
        }
        now = session.due().expect("there is more").max(now);
        assert!(now > before, "no progress at {now:?}");
    }
    assert!(asked.contains(&from(1)));
    assert!(asked.len() <= 7, "{}", asked.len());
}

#[test]
fn nobody_is_lost_who_was_not_asked() {
    let mut session = session(10);
    hear(&mut session, NOW, 1, "a", leased(60));
    while session.next_news().is_some() {}
    let late = NOW + Duration::from_secs(100_000);
    assert_eq!(session.check(late), Some(Recall { path: from(1), by: b"a".to_vec() }));
    assert_eq!(session.check(late), None);
    let second = late + ANSWERED_WITHIN;
    assert!(session.check(second).is_some());
    assert_eq!(session.check(second + Duration::from_millis(1_999)), None);
    assert_eq!(losses(&mut session), []);
    assert_eq!(session.check(second + ANSWERED_WITHIN), None);
    assert_eq!(losses(&mut session), [(from(1), Loss::Expired)]);
    assert_eq!((session.due(), session.has_news()), (None, false));
}

#[test]
fn one_without_a_lease_is_lost_after_so_many_rounds() {
    let mut session = session(10);
    session.begin_round(3);
    hear(&mut session, NOW, 1, "a", Hold::Rounds);
    hear(&mut session, NOW, 1, "b", leased(60));
    for _ in 0..3 {
        session.begin_round(3);
        hear(&mut session, NOW, 2, "c", Hold::Rounds);
    }
    assert_eq!(losses(&mut session), []);
    session.begin_round(3);
    assert_eq!(losses(&mut session), [(from(1), Loss::Unanswered)]);
}

#[test]
fn a_goodbye_is_of_what_is_known() {
    let mut session = session(10);
    hear(&mut session, NOW, 1, "a", leased(60));
    let key = |host, id: &str| Key {
        source: Source::of(from(host).remote),
        identity: super::super::fair::Identity::of(id.as_bytes()),
    };
    assert!(!session.part(&key(2, "a")) && !session.part(&key(1, "b")));
    assert!(session.part(&key(1, "A")) && !session.part(&key(1, "a")));
    assert_eq!(losses(&mut session), [(from(1), Loss::Goodbye)]);
    assert_eq!(session.due(), None);
}
