//! Whom a question names, so that they are silent.

use super::*;

#[test]
fn those_who_are_known_are_named_and_not_those_who_are_to_be_asked_again() {
    let mut asker = asker(expecting(3));
    asker.ask();
    asker.hear_all(1..101);
    asker.hear(101, 1, Some(400), Via::Unicast);
    let padded = asker.ask_but(|voice| voice.at == path(7)).unwrap();
    let asked = asker.ask_but(|voice| voice.at == path(7)).unwrap();
    assert_eq!((padded.kind, asked.kind), (Kind::Padded, Kind::Ordinary));
    let whole = |id: u64| whole_name(id, path(id as u16).remote, 10);
    let known = (1..101).filter(|id| asked.query().silences(whole(*id))).count();
    assert_eq!((known, asked.query().silences(whole(7))), (99, false));
    assert!(asked.query().silences(short_name(101, path(101).remote, 10)));
}

#[test]
fn each_slice_names_its_own() {
    let mut asker = asker(expecting(3));
    asker.hear_all(0..2_000);
    for _ in 0..4 {
        let asked = asker.ask().unwrap();
        let of_slice = |id: &u64| asked.query().is_in(*id);
        let silent = |id: u64| asked.query().silences(whole_name(id, path(id as u16).remote, 10));
        assert!((0..2_000).filter(of_slice).all(silent));
        let others = (0..2_000).filter(|id| !of_slice(id)).filter(|id| silent(*id)).count();
        assert!(others < 60, "{others}");
        assert_eq!(asked.query().estimate, Some(10));
    }
}
