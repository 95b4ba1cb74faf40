use std::net::SocketAddr;

use mcast_proto::service::Instance;
use mcast_proto::wire::{Attr, Endpoint, Tlv, TlvBuf};
use mcast_proto::{Body, Change, Event, Fact, FactsBuf, Finding, Loss, Path, Protocol};
use unicode_width::UnicodeWidthStr;

use super::*;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// What a service says of itself.
fn says(name: &str, color: &str) -> TlvBuf {
    let mut tlvs = TlvBuf::new();
    for tlv in [
        Tlv::Service("printer"),
        Tlv::Name(name),
        Tlv::Endpoint(Endpoint { address: None, port: 631 }),
        Tlv::Attr(Attr { key: "color", value: Some(color.as_bytes()) }),
        Tlv::Attr(Attr { key: "a4", value: None }),
    ] {
        tlvs.push(tlv).expect("there is room");
    }
    tlvs
}

fn service(id: u64, address: SocketAddr, tlvs: &TlvBuf) -> Finding<'_> {
    let tlvs = tlvs.as_tlvs();
    let instance = Instance { id, authentic: false, truncated: false, tlvs };
    let mut finding = Finding::new(Protocol::MCAST, Path::new(address), Body::Service(instance));
    finding.round_trip = Some(Duration::from_micros(100 * id));
    finding
}

/// So many services, the second with a long address and the third of another protocol where `is_mixed`.
fn services(number: u16, is_mixed: bool) -> Roster {
    let roster = Roster::default();
    for id in 1..=number {
        let tlvs = says(&format!("lab-{id:03}"), "yes");
        let address: SocketAddr = match id {
            2 => "[2001:db8:1:2:333:4444:5555:6666]:41234".parse().expect("an address"),
            _ => ([192, 168, 100, (id % 250) as u8], 41_234).into(),
        };
        let mut finding = service(id.into(), address, &tlvs);
        let mut facts = FactsBuf::new();
        for fact in [
            Fact::Key(b"B"),
            Fact::Name("B\u{fc}ro\x1b[2J"),
            Fact::Service("_ipp._tcp"),
            Fact::Port(8631),
            Fact::Url("http://192.168.100.3/"),
        ] {
            facts.push(fact).expect("there is room");
        }
        if is_mixed && id == 3 {
            let body = Body::Facts(facts.as_facts());
            finding = Finding::new(Protocol::new("mdns"), Path::new(address), body);
        }
        roster.note(&Event::Found(finding), Some("wlan0"), at(u64::from(id)));
    }
    roster
}

/// The plain protocol's responders, each of which says this.
fn responders(number: u16, said: &str) -> Roster {
    let roster = Roster::default();
    for port in 1..=number {
        let from = Path::new(SocketAddr::from(([192, 168, 100, 100], port)));
        let body = Body::Plain { number: 1, payload: said.as_bytes() };
        let mut found = Finding::new(Protocol::PLAIN, from, body);
        found.round_trip = Some(Duration::from_micros(412));
        roster.note(&Event::Found(found), Some("wlan0"), at(0));
    }
    roster
}

fn drawn_as(roster: &Roster, size: (usize, usize), keys: &[Key]) -> Vec<String> {
    let (styles, place) = (Styles::default(), "eth0, wlan0");
    let picture = Picture { place, size, styles, has_keys: true };
    let mut view = View::default();
    let state = roster.lock();
    picture.lines(&state, &mut view, at(65));
    keys.iter().for_each(|key| view.press(*key));
    picture.lines(&state, &mut view, at(65))
}

fn drawn(roster: &Roster, size: (usize, usize)) -> Vec<String> {
    drawn_as(roster, size, &[])
}

#[test]
fn three_services_at_each_width() {
    let of = |width| drawn(&services(3, false), (width, 24));
    assert_eq!(
        of(40),
        [
            "NAME    ADDRESS                   AGE",
            "lab-001 192.168.100.1:631         1m04s",
            "lab-002 [2001:db8:1:2:…:6666]:631 1m03s",
            "lab-003 192.168.100.3:631         1m02s",
            "3 there; 3 found and 0 lost",
            "q quit   ↑↓ PgUp PgDn scroll   s sort",
        ]
    );
    assert_eq!(
        of(80),
        [
            "NAME    SERVICE▲ ADDRESS                INTERFACE AGE   ROUND TRIP TXT",
            "lab-001 printer  192.168.100.1:631      wlan0     1m04s    0.10 ms color=yes a4",
            "lab-002 printer  [2001:db8:…:6666]:631  wlan0     1m03s    0.20 ms color=yes a4",
            "lab-003 printer  192.168.100.3:631      wlan0     1m02s    0.30 ms color=yes a4",
            "3 there; 3 found and 0 lost; on eth0, wlan0",
            "q quit   ↑↓ PgUp PgDn scroll   s sort   r reverse",
        ]
    );
    let long = "lab-002 printer  [2001:db8:1:2:333:4444:5555:6666]:631 wlan0     1m03s    0.20 ms color=yes a4";
    assert_eq!(of(120)[2], long);
}

#[test]
fn of_several_protocols_each_row_says_which() {
    let of = |width| drawn(&services(3, true), (width, 24));
    assert_eq!(
        of(80)[..3],
        [
            "NAME       SERVICE▲  PROTOCOL ADDRESS                INTERFACE AGE   ROUND TRIP",
            r"Büro\x1b[… _ipp._tcp mdns     192.168.100.3:8631     wlan0     1m02s -",
            "lab-001    printer   mcast    192.168.100.1:631      wlan0     1m04s    0.10 ms",
        ]
    );
    let row = &of(120)[1];
    let url = "1m02s -          see http://192.168.100…";
    assert!(row.starts_with(r"Büro\x1b[2J _ipp._tcp mdns ") && row.ends_with(url), "{row}");
}

#[test]
fn the_plain_protocol_has_no_services() {
    assert_eq!(
        drawn(&responders(1, "Me!"), (80, 24)),
        [
            "SAYS▲ ADDRESS           INTERFACE AGE   ROUND TRIP",
            "Me!   192.168.100.100:1 wlan0     1m05s    0.41 ms",
            "1 there; 1 found and 0 lost; on eth0, wlan0",
            "q quit   ↑↓ PgUp PgDn scroll   s sort   r reverse",
        ]
    );
}

#[test]
fn five_hundred_are_scrolled_and_sorted() {
    let roster = services(500, false);
    let at = |width, keys: &[Key]| {
        let lines = drawn_as(&roster, (width, 24), keys);
        assert_eq!(lines.len(), 24);
        let name = |line: &String| line.split(' ').next().unwrap_or_default().to_owned();
        (name(&lines[1]), name(&lines[21]), lines[22].clone())
    };
    let named = |first: &str, last: &str, sum: &str| (first.into(), last.into(), sum.to_owned());
    assert_eq!(at(40, &[]), named("lab-001", "lab-021", "500 there; rows 1-21 of 500"));
    let whole = "500 there; rows 480-500 of 500; 500 found and 0 lost; on eth0, wlan0";
    assert_eq!(at(80, &[Key::End]), named("lab-480", "lab-500", whole));
    let (first, last, _) = at(120, &[Key::PageDown, Key::Down]);
    assert_eq!((first.as_str(), last.as_str()), ("lab-023", "lab-043"));
    let (first, ..) = at(80, &[Key::Sort, Key::Reverse]);
    assert_eq!(first, "lab-500");
    // By address, by age, and by round trip, the least first.
    let sorted = |sorts: usize| at(80, &vec![Key::Sort; sorts]);
    assert_eq!(sorted(2).0, "lab-250", "192.168.100.0");
    assert_eq!(sorted(3).0, "lab-500");
    assert_eq!(sorted(4).0, "lab-001");
    let titles = &drawn_as(&roster, (80, 24), &[Key::Sort, Key::Sort, Key::Reverse])[0];
    assert!(titles.starts_with("NAME    SERVICE ADDRESS▼ "), "{titles}");
}

#[test]
fn who_was_lost_is_shown_for_a_while_and_why() {
    let roster = services(3, false);
    let tlvs = says("lab-002", "no");
    let address = "[2001:db8:1:2:333:4444:5555:6666]:41234".parse().expect("an address");
    let finding = service(2, address, &tlvs);
    roster.note(&Event::Changed { finding, change: Change::Content }, Some("wlan0"), at(50));
    let Finding { protocol, from, .. } = service(1, ([192, 168, 100, 1], 41_234).into(), &tlvs);
    let lost = |time| {
        let key = mcast_proto::Key::Service(1);
        let event = Event::Lost { protocol, key, from, reason: Loss::Goodbye };
        roster.note(&event, None, at(time));
    };
    lost(60);
    let lines = drawn(&roster, (120, 24));
    assert!(lines[1].starts_with("lab-001 printer ") && lines[1].contains(" lost "), "{lines:?}");
    assert!(lines[1].ends_with(" color=yes a4 goodbye 5s ago"), "{lines:?}");
    assert!(lines[2].ends_with(" color=no a4  content"), "{lines:?}");
    let sum = "2 there; 3 found and 1 lost; on eth0, wlan0; last lost lab-001 (goodbye)";
    assert_eq!(lines[4], sum);
    // It is seen on the narrowest too, and dimmed where there are styles.
    assert_eq!(drawn(&roster, (40, 24))[1], "lab-001 192.168.100.1:631         lost");
    let styles = Styles { header: Style::new(), gone: Style::new().dimmed() };
    let picture = Picture { place: "lo", size: (80, 24), styles, has_keys: false };
    let state = roster.lock();
    let of = |time| picture.lines(&state, &mut View::default(), at(time));
    assert!(of(65)[1].starts_with("\x1b[2mlab-001 "), "{:?}", of(65));
    assert_eq!((of(89).len(), of(90).len()), (5, 4), "half a minute is enough");
}

#[test]
fn whatever_the_size_it_fits_and_no_row_is_wider_than_the_others() {
    for said in ["Me!", &"long ".repeat(100), &"広い".repeat(50), "\x1b[2J"] {
        for (number, size) in
            [(500, (80, 24)), (500, (30, 5)), (3, (200, 60)), (0, (80, 24)), (9, (20, 3))]
        {
            let lines = drawn(&responders(number, said), size);
            assert!(lines.len() <= size.1, "{lines:?}");
            let widest = lines.iter().map(|line| line.width()).max().expect("a line");
            assert!(widest <= size.0.saturating_sub(1).max(20), "{widest}: {lines:?}");
            assert!(lines.iter().all(|line| !line.contains('\x1b')), "{lines:?}");
            let there = format!("{number} there");
            assert!(lines.iter().any(|line| line.starts_with(&there)), "{lines:?}");
        }
    }
}
