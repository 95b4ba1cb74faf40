//! What each real answer tells, whichever its peer's habits.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use mcast_proto::ops::run;

use super::fixtures::{FIXTURES, fixture};
use super::stage::{group, told, unicast, wait};
use super::{Discoverer, Discovery};

/// What is found by this alone, without how it came and for how long it holds.
fn found_by(bytes: &[u8], is_group: bool) -> Vec<String> {
    let heard = if is_group { group(2, bytes) } else { unicast(2, bytes) };
    let mut machine = Discoverer::new(Discovery::default(), 7);
    let outcome = run(&mut machine, &[wait(5), heard, wait(30_000)]);
    let via = if is_group { " group for " } else { " unicast for 120 s" };
    let mut lines: Vec<String> = told(&outcome)
        .iter()
        .map(|line| line.split_once(via).expect("so it came").0.replace("found ", ""))
        .collect();
    lines.sort();
    lines
}

/// Everything that each real answer tells, whichever its peer's habits.
#[test]
fn each_real_answer_is_understood() {
    const AVAHI: &str = "drucker.local (10.0.0.2, fe80::4c40:70ff:fe0b:628b)";
    const MANY: &str = "drucker.local (10.0.0.2, fe80::700c:9fff:fe90:1a1b)";
    const MDNSD: &str = "Plotter.local (10.0.0.2, fe80::7456:48ff:fe65:f44a)";
    let printer = |at: &str| {
        format!("\"Büro 2. Stock\" _ipp._tcp at {at} port 631 [rp=ipp/print, note=, duplex]")
    };
    let web = |at: &str| format!("\"Büro 2. Stock\" _http._tcp at {at} port 80 []");
    let kiosks = |range: core::ops::RangeInclusive<u8>| {
        let kiosk =
            |nth| format!("\"Kiosk number {nth}\" _http._tcp at {MANY} port 80{nth} [path=/{nth}]");
        range.map(kiosk).collect::<Vec<_>>()
    };
    let mdnsd = || {
        vec![
            format!("\"Plotter\" _ipp._tcp at {MDNSD} port 631 [rp=ipp/print, note]"),
            format!("\"plotter\" _http._tcp at {MDNSD} port 80 [path=/]"),
        ]
    };
    let alone = || vec!["\"Plotter\" _ipp._tcp at ? (10.0.0.2) port ? []".into()];
    let zeroconf = || {
        let attrs = r"[rp=ipp/print, note=, duplex, bin=\x00\xff=]";
        vec![format!("\"Büro 2. Stock\" _ipp._tcp at drucker.local (10.0.0.2) port 631 {attrs}")]
    };
    let store =
        || vec!["\"Store Front\" _http._tcp at drucker.local (10.0.0.2) port 8080 [path=/]".into()];
    let expected = BTreeMap::from([
        ("avahi-announce-4.bin", vec![web(AVAHI), printer(AVAHI)]),
        ("avahi-meta-2.bin", vec![web(AVAHI), printer(AVAHI)]),
        ("avahi-ptr.bin", vec![printer(AVAHI)]),
        ("avahi-ptr-querier.bin", vec![printer(AVAHI)]),
        ("avahi-many-announce-5.bin", [vec![web(MANY), printer(MANY)], kiosks(10..=21)].concat()),
        ("avahi-many-ptr-2.bin", [vec![web(MANY), printer(MANY)], kiosks(10..=21)].concat()),
        ("avahi-many-ptr-querier.bin", [vec![web(MANY)], kiosks(10..=21)].concat()),
        // No more has room in 512 bytes.
        ("avahi-many-ptr.bin", [vec![web(MANY)], kiosks(17..=21)].concat()),
        ("mdnsd-announce-2.bin", mdnsd()),
        ("mdnsd-meta.bin", mdnsd()),
        ("mdnsd-ptr-2.bin", mdnsd()),
        ("mdnsd-ptr.bin", alone()),
        ("mdnsd-ptr-querier.bin", alone()),
        ("zeroconf-announce-2.bin", zeroconf()),
        ("zeroconf-announce-3.bin", zeroconf()),
        ("zeroconf-ptr.bin", zeroconf()),
        ("zeroconf-ptr-2.bin", zeroconf()),
        ("zeroconf-ptr-querier.bin", zeroconf()),
        ("zeroconf-announce-5.bin", store()),
        ("zeroconf-announce-6.bin", store()),
    ]);
    for (name, bytes) in FIXTURES {
        let nothing = Vec::new();
        for is_group in [false, true] {
            let found = found_by(bytes, is_group);
            assert_eq!(&found, expected.get(name).unwrap_or(&nothing), "{name}");
        }
    }
    assert!(expected.keys().all(|name| !fixture(name).is_empty()));
}
