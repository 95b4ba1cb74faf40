use mcast_proto::{Body, Change, Fact, FactsBuf, Loss, Path};

use super::*;

fn facts(name: Option<&str>, services: &[&str]) -> FactsBuf {
    let mut facts = FactsBuf::new();
    facts.push(Fact::Key(b"1")).unwrap();
    if let Some(name) = name {
        facts.push(Fact::Name(name)).unwrap();
    }
    services.iter().for_each(|service| facts.push(Fact::Service(service)).unwrap());
    facts
}

fn finding(facts: &FactsBuf) -> Finding<'_> {
    let from = Path::new(([10, 0, 0, 2], 9).into());
    Finding::new(Protocol::new("ssdp"), from, Body::Facts(facts.as_facts()))
}

fn lost() -> Event<'static> {
    let none = facts(None, &[]);
    let Finding { protocol, from, .. } = finding(&none);
    Event::Lost { protocol, key: mcast_proto::Key::Foreign(b"1"), from, reason: Loss::Goodbye }
}

fn wanted(service: Option<&str>, name: Option<&str>) -> Wanted {
    Wanted { service: service.map(str::to_owned), name: name.map(|it| it.parse().unwrap()) }
}

#[test]
fn what_is_looked_for_is_known_by_any_of_its_services_and_by_its_name() {
    for (service, name, is_taken) in [
        (None, None, true),
        (Some("a"), None, true),
        (Some("B"), None, true),
        (Some("c"), None, false),
        (None, Some("lab-*"), true),
        (None, Some("LAB-?"), true),
        (None, Some("lab"), false),
        (Some("a"), Some("*3"), true),
        (Some("a"), Some("*4"), false),
        (Some("c"), Some("*"), false),
    ] {
        let facts = facts(Some("Lab-3"), &["a", "b"]);
        let mut sieve = Sieve::new(wanted(service, name));
        let told = sieve.pass(Event::Found(finding(&facts)));
        assert_eq!(told.is_some(), is_taken, "{service:?} {name:?}");
        assert_eq!(sieve.found, u64::from(is_taken));
    }
    let nameless = facts(None, &["a"]);
    assert!(Sieve::new(wanted(None, Some("*"))).pass(Event::Found(finding(&nameless))).is_none());
}

#[test]
fn what_comes_to_be_looked_for_is_found_then_and_lost_once() {
    let mut sieve = Sieve::new(wanted(None, Some("lab")));
    let (before, after) = (facts(None, &["a"]), facts(Some("lab"), &["a"]));
    let changed = |facts| Event::Changed { finding: finding(facts), change: Change::Content };
    assert!(sieve.pass(Event::Found(finding(&before))).is_none());
    assert!(sieve.pass(lost()).is_none());
    assert!(matches!(sieve.pass(changed(&after)), Some(Event::Found(_))));
    assert!(matches!(sieve.pass(changed(&after)), Some(Event::Changed { .. })));
    // One who was told stays told, whatever it calls itself now.
    assert!(matches!(sieve.pass(changed(&before)), Some(Event::Changed { .. })));
    assert!(sieve.pass(lost()).is_some());
    assert!(sieve.pass(lost()).is_none());
    assert_eq!(sieve.found, 1);
}

#[test]
fn a_type_is_asked_of_those_who_can_know_it() {
    let asked = |service: &str| {
        let wanted = wanted(Some(service), None);
        let all = [Voice::Mdns, Voice::Ssdp, Voice::Wsd, Voice::Coap, Voice::Mcast, Voice::Plain];
        let asked: Vec<String> = all
            .iter()
            .filter(|voice| wanted.may_be_of(voice))
            .map(|voice| voice.name().to_owned())
            .collect();
        asked.join(",")
    };
    assert_eq!(asked("_ipp._tcp"), "mdns,mcast");
    assert_eq!(asked("urn:x:device:y:1"), "ssdp,wsd,coap,mcast");
    assert_eq!(wanted(Some("_ipp._tcp"), None).types().len(), 1);
    assert_eq!(wanted(Some("urn:x"), None).targets(), Ssdp::targets(["urn:x"]).unwrap());
    assert_eq!(wanted(Some("ticks"), None).targets(), Ssdp::default());
    assert!(wanted(None, None).types().is_empty());
}

#[test]
fn a_pattern_that_is_none_is_told() {
    assert!("lab-[".parse::<NamePattern>().unwrap_err().starts_with("not a pattern: "));
}
