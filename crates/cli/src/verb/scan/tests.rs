use clap::Parser;

use super::*;
use crate::command::{Cli, Verb};

fn scan(words: &str) -> Result<Scan, clap::Error> {
    let words = ["mcast", "scan"].into_iter().chain(words.split_whitespace());
    match Cli::try_parse_from(words)?.verb {
        Verb::Scan(scan) => Ok(scan),
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_are_given_with_commas_or_one_by_one() {
    for words in ["--only mdns,ssdp", "--only mdns --only ssdp"] {
        assert_eq!(scan(words).unwrap().only, ["mdns", "ssdp"]);
    }
}

#[test]
fn a_type_is_as_its_protocol_calls_it() {
    for (text, expected) in [
        ("_ipp._tcp", "_ipp._tcp"),
        ("_IPP._tcp.local.", "_ipp._tcp"),
        ("urn:Schemas:device:X:1", "urn:Schemas:device:X:1"),
        ("Yeelight", "Yeelight"),
    ] {
        assert_eq!(parse_type(text).as_deref(), Ok(expected));
    }
    assert!(scan("--type=").is_err());
}

#[test]
fn it_listens_as_long_as_is_said_and_without_that_for_less_than_seven_seconds() {
    let patience = |words: &str, voices: &[Voice]| {
        let Patience { silence, least, most } = scan(words).unwrap().patience(voices);
        (silence.as_millis(), least.as_millis(), most.map(|most| most.as_millis()))
    };
    let (mdns, coap) = ([Voice::Mdns], [Voice::Mdns, Voice::Coap]);
    assert_eq!(patience("", &mdns), (3_000, 0, Some(6_800)));
    assert_eq!(patience("", &coap), (3_000, 6_500, Some(6_800)));
    assert_eq!(patience("-t 10s", &coap), (10_000, 6_500, None));
    assert_eq!(patience("--deadline 1s", &coap), (3_000, 6_500, Some(1_000)));
    assert_eq!(patience("-t 500ms --deadline 9s", &mdns), (500, 0, Some(9_000)));
}

#[test]
fn a_watch_ends_by_a_number_or_a_deadline_and_not_by_silence() {
    for words in ["--watch -t 3s", "-n 3"] {
        assert!(scan(words).is_err(), "{words}");
    }
    assert!(scan("--watch -n 3 --deadline 3s").is_ok());
    assert!(scan("--watch --only mdns --type _ipp._tcp --name lab-* -4 -6").is_ok());
}

#[test]
fn a_reason_for_more_is_told_once_in_the_words_of_a_scan() {
    let bounds = Bounds { timeout: SILENCE, deadline: None };
    let told = |doubts| {
        let mut report = Report::default();
        report.summary.doubts = doubts;
        reasons(&report, bounds)
    };
    assert_eq!(told(Doubts::CLOSED), None);
    let told = told(Doubts::CUT_SHORT | Doubts::NO_ROOM | Doubts::NOT_SENT).expect("reasons");
    for words in ["512 bytes", "--only", "cable"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("MTU") && told.matches("; ").count() == 2, "{told}");
}
