//! Who is known, by id, place and slice, and by which words.

use super::*;

#[test]
fn who_is_heard_is_known_by_id_and_by_place() {
    let mut known = known(10);
    assert!(known.is_empty());
    assert_eq!(known.hears(said(7, 1)), Heard::New);
    assert_eq!(known.hears(said(7, 1)), Heard::Nothing);
    assert_eq!(known.hears(said(8, 1)), Heard::New);
    assert_eq!(known.hears(said(7, 2)), Heard::Changed(Change::Address));
    assert_eq!((known.len(), known.voices(), known.is_empty()), (2, 3, false));
    assert!(known.get(9).is_none() && known.get(7).is_some_and(|entry| entry.id == 7));
    let place = known.place(8);
    assert_eq!(place, crate::wire::place(8, TXN));
    assert!(known.at(place).is_some_and(|entry| entry.id == 8));
    assert!(known.at_mut(place).is_some_and(|entry| entry.id == 8));
    assert!(known.at(place + 1).is_none() && known.at_mut(place + 1).is_none());
    let all: Vec<(u64, u64)> = known.iter_mut().map(|(place, entry)| (place, entry.id)).collect();
    let mut expected: Vec<(u64, u64)> = [7, 8].map(|id| (crate::wire::place(id, TXN), id)).into();
    expected.sort_unstable();
    assert_eq!(all, expected);
    known.audit();
}

#[test]
fn the_words_of_an_answer_are_its_digest_whether_it_is_known_or_not() {
    let (mut ours, mut others) = (TlvBuf::new(), TlvBuf::new());
    ours.push(Tlv::Name("lab")).unwrap();
    others.push(Tlv::Name("attic")).unwrap();
    others.push(Tlv::Digest(66)).unwrap();
    let reply = |tlvs, whole| Reply { id: 7, whole, tlvs, ..REPLY };
    let whole = reply(ours.as_tlvs(), None);
    let mut known = known(10);
    let (words, print) = known.words(host(1), &whole).unwrap();
    assert_eq!(words, crate::wire::digest(120, ours.as_tlvs()));
    // It is not made anew where it is known.
    known.hears(Said { words: 5, print, ..said(7, 1) });
    assert_eq!(known.words(host(1), &whole), Some((5, print)));
    assert_eq!(known.words(host(2), &whole), Some((words, print)));
    assert_eq!(known.words(host(1), &Reply { id: 8, ..whole }), Some((words, print)));
    let later = known.words(host(1), &Reply { lease_s: 121, ..whole }).unwrap();
    assert!(later.0 == crate::wire::digest(121, ours.as_tlvs()) && later.1 != print);
    // Where it is cut short it is what is said.
    assert_eq!(known.words(host(1), &reply(others.as_tlvs(), Some(200))), Some((66, 0)));
    assert_eq!(known.words(host(1), &reply(ours.as_tlvs(), Some(200))), None);
    assert_ne!(known.words(host(1), &reply(others.as_tlvs(), None)).unwrap().0, 66);
}

const REPLY: Reply<'static> = Reply {
    txn: TXN,
    id: 0,
    round: 1,
    copy: 0,
    whole: None,
    busy: false,
    lease_s: 120,
    tlvs: Tlvs::NONE,
};

#[test]
fn each_voice_is_in_the_slice_of_its_id_and_in_no_other() {
    let mut known = known(1_000);
    (0..100).for_each(|id| assert_eq!(known.hears(said(id, id as u16 % 7)), Heard::New));
    known.hears(said(3, 99));
    for bits in [0, 1, 4, 12, 20] {
        for index in [0, 1, (1 << bits) - 1] {
            let Some(slice) = Slice::new(bits, index) else { continue };
            let names: BTreeSet<u64> = known.in_slice(slice).map(|voice| voice.name).collect();
            let expected: BTreeSet<u64> = (0..100u64)
                .map(|id| (id, id as u16 % 7))
                .chain([(3, 99)])
                .filter(|(id, _)| slice.contains(*id, TXN))
                .map(|(id, number)| whole_name(id, host(number).remote, 10))
                .collect();
            assert_eq!(names, expected, "slice {index} of 2^{bits}");
        }
    }
    assert_eq!(known.in_slice(Slice::ALL).count(), 101);
}

#[test]
fn with_another_number_of_the_session_everybody_has_another_place() {
    let mut known = known(1_000);
    hear_all(&mut known, 0..66, 1);
    (66..100).for_each(|id| hear_all(&mut known, id..id + 1, id as u16));
    known.hears(short(100, 100, 300));
    known.hears(said(3, 99));
    let places = |known: &mut Known| known.iter_mut().map(|(place, _)| place).collect::<Vec<_>>();
    let before = places(&mut known);
    known.set_txn(!TXN);
    let after = places(&mut known);
    assert_eq!((before.len(), after.len()), (101, 101));
    assert!(after.iter().all(|place| !before.contains(place)));
    assert_eq!(known.place(7), crate::wire::place(7, !TXN));
    assert!(known.get(7).is_some_and(|entry| entry.id == 7));
    assert_eq!((known.missing(), known.has_unreported()), (Some((1, 300)), true));
    known.audit();
}

#[test]
fn a_sample_is_of_voices_and_sixteen_of_one_address_at_the_most() {
    let mut known = known(1_000);
    assert_eq!(known.sampled(), 0);
    hear_all(&mut known, 0..15, 1);
    known.hears(said(0, 2));
    assert_eq!(known.sampled(), 16);
    hear_all(&mut known, 15..100, 1);
    assert_eq!(known.sampled(), 17);
}
