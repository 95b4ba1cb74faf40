use std::time::Duration;

use mcast_proto::service::Instance;
use mcast_proto::wire::{Endpoint, Tlv, TlvBuf};
use mcast_proto::{Body, Change, Finding, Key, Loss, Path, Protocol, Question, Refusal, Via};

use super::*;

fn path(remote: &str) -> Path {
    Path::new(remote.parse().unwrap())
}

fn plain(payload: &[u8]) -> Finding<'_> {
    let body = Body::Plain { number: 1, payload };
    let mut finding = Finding::new(Protocol::PLAIN, path("10.0.0.2:50008"), body);
    finding.round_trip = Some(Duration::from_nanos(410_123));
    finding
}

fn printer() -> TlvBuf {
    let mut tlvs = TlvBuf::new();
    for tlv in [
        Tlv::Service("printer"),
        Tlv::Name("lab\u{202e}3"),
        Tlv::Endpoint(Endpoint { address: None, port: 631 }),
    ] {
        tlvs.push(tlv).unwrap();
    }
    tlvs
}

fn service(tlvs: &TlvBuf) -> Finding<'_> {
    let tlvs = tlvs.as_tlvs();
    let instance = Instance { id: 0xfeed, authentic: false, truncated: false, tlvs };
    let body = Body::Service(instance);
    let mut finding = Finding::new(Protocol::MCAST, path("10.0.0.3:41234"), body);
    finding.round_trip = Some(Duration::from_micros(740));
    finding.lease = Some(Duration::from_secs(120));
    finding
}

fn asked(question: Question<'_>, refused: Option<Refusal>) -> Event<'_> {
    let from = path("10.0.0.9:41234");
    Event::Asked { protocol: Protocol::PLAIN, from, question, refused }
}

fn renderer(format: Format, roster: Option<Roster>) -> Renderer {
    Renderer::new(format, false, roster)
}

/// A line of its own, at 0.
fn shown(format: Format, event: &Event<'_>) -> String {
    let mut renderer = renderer(format, None);
    let line = renderer.event(event, Some("eth0"), SystemTime::UNIX_EPOCH).to_vec();
    String::from_utf8(line).unwrap().replace(r#""time":"1970-01-01T00:00:00.000000Z""#, "TIME")
}

/// What is written for a responder of each protocol that is found, changes and is lost, a second each.
fn watched(format: Format) -> String {
    let tlvs = printer();
    let first = service(&tlvs);
    let mut again = first;
    (again.round_trip, again.via) = (None, Via::Group);
    let gone = |reason| {
        let (protocol, key, from) = (Protocol::MCAST, Key::Service(0xfeed), first.from);
        Event::Lost { protocol, key, from, reason }
    };
    let unanswered = {
        let Finding { protocol, from, .. } = plain(b"");
        Event::Lost { protocol, key: plain(b"").key(), from, reason: Loss::Unanswered }
    };
    let mut renderer = renderer(format, Some(Roster::default()));
    let mut lines = Vec::new();
    for (second, (event, interface)) in [
        (Event::Found(first), Some("eth0")),
        (Event::Changed { finding: again, change: Change::Restarted }, Some("eth0")),
        (gone(Loss::Expired), None),
        (gone(Loss::Goodbye), None),
        (Event::Found(plain(b"Me!")), Some("eth0")),
        (Event::Changed { finding: plain(b"\x1bMe!"), change: Change::Content }, Some("eth0")),
        (unanswered, None),
    ]
    .into_iter()
    .enumerate()
    {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second as u64);
        lines.extend_from_slice(renderer.event(&event, interface, time));
    }
    String::from_utf8(lines).unwrap()
}

#[test]
fn a_watch_says_of_one_who_is_lost_who_it_was() {
    assert_eq!(
        watched(Format::Text),
        r"1970-01-01T00:00:00.000Z  found    10.0.0.3:631           eth0       0.74 ms  printer  lab\u{202e}3
1970-01-01T00:00:01.000Z  changed  10.0.0.3:631           eth0             -  printer  lab\u{202e}3  (restarted; by the group)
1970-01-01T00:00:02.000Z  lost     10.0.0.3:631           eth0             -  printer  lab\u{202e}3  (expired)
1970-01-01T00:00:03.000Z  lost     10.0.0.3:41234         -                -  -  (goodbye)
1970-01-01T00:00:04.000Z  found    10.0.0.2:50008         eth0       0.41 ms  Me!
1970-01-01T00:00:05.000Z  changed  10.0.0.2:50008         eth0       0.41 ms  \x1bMe!  (content)
1970-01-01T00:00:06.000Z  lost     10.0.0.2:50008         eth0             -  \x1bMe!  (unanswered)
"
    );
    assert_eq!(watched(Format::Table), "");
}

#[test]
fn a_watch_in_json_has_the_names_of_the_contract_and_their_order() {
    let lines = watched(Format::Json);
    let time = |second| format!(r#""1970-01-01T00:00:0{second}.000000Z""#);
    let expected = [
        concat!(
            r#"{"event":"found","time":T0,"addr":"10.0.0.3:41234","interface":"eth0","#,
            r#""rtt_ms":0.74,"service":"printer","name":"lab\u202e3","port":631,"txt":{},"#,
            r#""id":"000000000000feed","endpoint":"10.0.0.3:631","via":"unicast","#,
            r#""lease_ms":120000,"authentic":false,"truncated":false,"dialect":"mcast"}"#
        ),
        concat!(
            r#"{"event":"changed","time":T1,"addr":"10.0.0.3:41234","interface":"eth0","#,
            r#""rtt_ms":null,"service":"printer","name":"lab\u202e3","port":631,"txt":{},"#,
            r#""id":"000000000000feed","endpoint":"10.0.0.3:631","via":"group","#,
            r#""lease_ms":120000,"authentic":false,"truncated":false,"change":"restarted","#,
            r#""since":T0,"dialect":"mcast"}"#
        ),
        concat!(
            r#"{"event":"lost","time":T2,"addr":"10.0.0.3:41234","interface":"eth0","#,
            r#""rtt_ms":0.74,"service":"printer","name":"lab\u202e3","port":631,"txt":{},"#,
            r#""id":"000000000000feed","endpoint":"10.0.0.3:631","via":"group","#,
            r#""lease_ms":120000,"authentic":false,"truncated":false,"#,
            r#""since":T0,"dialect":"mcast","reason":"expired"}"#
        ),
        concat!(
            r#"{"event":"lost","time":T3,"addr":"10.0.0.3:41234","interface":null,"#,
            r#""rtt_ms":null,"id":"000000000000feed","lease_ms":null,"dialect":"mcast","#,
            r#""reason":"goodbye"}"#
        ),
        concat!(
            r#"{"event":"found","time":T4,"addr":"10.0.0.2:50008","interface":"eth0","#,
            r#""rtt_ms":0.41,"payload":"Me!","via":"unicast","lease_ms":null,"dialect":"plain"}"#
        ),
        concat!(
            r#"{"event":"changed","time":T5,"addr":"10.0.0.2:50008","interface":"eth0","#,
            r#""rtt_ms":0.41,"payload":"\u001bMe!","via":"unicast","lease_ms":null,"#,
            r#""change":"content","since":T4,"dialect":"plain"}"#
        ),
        concat!(
            r#"{"event":"lost","time":T6,"addr":"10.0.0.2:50008","interface":"eth0","#,
            r#""rtt_ms":0.41,"payload":"\u001bMe!","via":"unicast","lease_ms":null,"#,
            r#""since":T4,"dialect":"plain","reason":"unanswered"}"#
        ),
    ];
    for (line, expected) in lines.lines().zip(expected) {
        let expected = (0..7).fold(expected.to_owned(), |line, second| {
            line.replace(&format!("T{second}"), &time(second))
        });
        assert_eq!(line, expected);
    }
    assert_eq!(lines.lines().count(), expected.len());
}

#[test]
fn text_shows_what_matters_of_all_that_json_has() {
    let tlvs = printer();
    let mut finding = service(&tlvs);
    finding.via = Via::Group;
    let Body::Service(instance) = &mut finding.body else { panic!("{finding:?}") };
    (instance.authentic, instance.truncated) = (true, true);
    let line = shown(Format::Text, &Event::Found(finding));
    let notes = "  (authentic; by the group; and more that it did not get to say)\n";
    assert!(line.ends_with(notes), "{line}");
    let mut renderer = renderer(Format::Text, None);
    renderer.look.details = true;
    let line = renderer.event(&Event::Found(service(&tlvs)), None, SystemTime::UNIX_EPOCH);
    assert!(line.ends_with(b"  (lease 120 s)\n"), "{}", line.escape_ascii());
}

#[test]
fn who_is_found_has_one_line_and_further_addresses_are_counted() {
    let tlvs = printer();
    let changed = |change| Event::Changed { finding: service(&tlvs), change };
    let mut renderer = renderer(Format::Text, None);
    let at = SystemTime::UNIX_EPOCH;
    assert!(renderer.event(&changed(Change::Address), Some("eth1"), at).is_empty());
    assert_eq!(renderer.further(), 1);
    // All else is news.
    let line = renderer.event(&changed(Change::Conflict), Some("eth1"), at);
    assert!(line.ends_with(b"  0.74 ms  printer  lab\\u{202e}3  (changed: conflict)\n"));
    renderer.look.details = true;
    let line = renderer.event(&changed(Change::Address), Some("eth1"), at);
    assert!(line.ends_with(b"  (changed: address; lease 120 s)\n"), "{}", line.escape_ascii());
    assert_eq!(renderer.further(), 1);
}

#[test]
fn with_times_each_line_of_text_has_its_time() {
    let mut renderer = renderer(Format::Text, None).with_times();
    let probe = asked(Question::Plain(b"who"), None);
    let line = renderer.event(&probe, Some("eth0"), SystemTime::UNIX_EPOCH);
    let line = String::from_utf8_lossy(line);
    assert_eq!(line, "1970-01-01T00:00:00.000Z  10.0.0.9:41234         eth0    answered  who\n");
}

#[test]
fn a_terminal_is_shown_the_start_of_what_is_long_and_told_of_the_rest() {
    let (protocol, from) = (Protocol::PLAIN, path("10.0.0.9:41234"));
    let long = vec![0; 65_507];
    let message = Event::Message { protocol, from, group: None, payload: &long };
    for format in [Format::Text, Format::Hex, Format::Json] {
        let whole = shown(format, &message).len();
        assert!(whole > 65_507, "{whole}");
        let mut renderer = renderer(format, None).for_terminal();
        let line = renderer.event(&message, None, SystemTime::UNIX_EPOCH);
        let line = String::from_utf8_lossy(line);
        let is_told =
            line.ends_with("…  (64007 of 65507 bytes are left out here; a pipe gets all)\n");
        assert_eq!(is_told, format != Format::Json, "{format:?}");
        assert_eq!(line.len() < 6_200, format != Format::Json, "{format:?}: {}", line.len());
    }
}

#[test]
fn a_question_has_its_line_answered_or_not() {
    let probe = |refused| asked(Question::Plain(b"who's there?"), refused);
    let query = |name, watch| asked(Question::Service { name, watch }, None);
    for (event, text, json) in [
        (
            probe(None),
            "answered  who's there?",
            r#""payload":"who's there?","answered":true,"dialect":"plain"}"#,
        ),
        (
            probe(Some(Refusal::OffLink)),
            "off-link  who's there?",
            r#""payload":"who's there?","answered":false,"refused":"off-link","dialect":"plain"}"#,
        ),
        (
            query(Some("pr\x1b"), true),
            "answered  service pr\\x1b  (to watch it)",
            r#""service":"pr\u001b","watch":true,"answered":true,"dialect":"plain"}"#,
        ),
        (
            query(None, false),
            "answered  any service",
            r#""service":null,"watch":false,"answered":true,"dialect":"plain"}"#,
        ),
    ] {
        let start = "10.0.0.9:41234         eth0    ";
        assert_eq!(shown(Format::Text, &event), format!("{start}{text}\n"));
        let start = r#"{"event":"request",TIME,"from":"10.0.0.9:41234","interface":"eth0","#;
        assert_eq!(shown(Format::Json, &event), format!("{start}{json}\n"));
    }
}

#[test]
fn a_message_is_shown_in_each_form() {
    let (protocol, from) = (Protocol::PLAIN, path("10.0.0.9:41234"));
    let group = Some("224.1.1.1:50008".parse().unwrap());
    let message = Event::Message { protocol, from, group, payload: b"\xffa" };
    for (format, expected) in [
        (Format::Text, "10.0.0.9:41234         eth0    224.1.1.1:50008  \\xffa\n"),
        (Format::Hex, "10.0.0.9:41234         eth0    224.1.1.1:50008  ff61\n"),
        (
            Format::Json,
            concat!(
                r#"{"event":"message",TIME,"from":"10.0.0.9:41234","group":"224.1.1.1:50008","#,
                r#""interface":"eth0","len":2,"payload_base64":"/2E=","dialect":"plain"}"#,
                "\n"
            ),
        ),
        // No table has it.
        (Format::Table, "10.0.0.9:41234         eth0    224.1.1.1:50008  \\xffa\n"),
    ] {
        assert_eq!(shown(format, &message), expected, "{format:?}");
    }
    let mut renderer = renderer(Format::Raw, None);
    assert_eq!(renderer.event(&message, None, SystemTime::UNIX_EPOCH), b"\xffa");
}

#[test]
fn a_message_of_a_known_protocol_is_told_in_words() {
    let (protocol, from) = (Protocol::PLAIN, path("10.0.0.9:41234"));
    let group = Some("239.255.255.250:1900".parse().unwrap());
    let message = Event::Message { protocol, from, group, payload: b"M-SEARCH\nST: \x1b" };
    for (format, expected) in [
        (
            Format::Text,
            "10.0.0.9:41234         eth0    239.255.255.250:1900  ssdp   asks: ST \\x1b\n",
        ),
        (
            Format::Hex,
            "10.0.0.9:41234         eth0    239.255.255.250:1900  4d2d5345415243480a53543a201b\n",
        ),
        (
            Format::Json,
            concat!(
                r#"{"event":"message",TIME,"from":"10.0.0.9:41234","group":"239.255.255.250:1900","#,
                r#""interface":"eth0","len":14,"payload":"M-SEARCH\nST: \u001b","dialect":"ssdp","#,
                r#""act":"ask","meaning":"asks: ST \\x1b"}"#,
                "\n"
            ),
        ),
        (Format::Raw, "M-SEARCH\nST: \x1b"),
    ] {
        assert_eq!(shown(format, &message), expected, "{format:?}");
    }
}

#[test]
fn an_address_that_needs_a_zone_has_one() {
    let body = Body::Plain { number: 1, payload: b"" };
    let finding = Finding::new(Protocol::PLAIN, path("[fe80::9%2]:41234"), body);
    for format in [Format::Text, Format::Json] {
        let line = shown(format, &Event::Found(finding));
        assert!(line.contains("[fe80::9%eth0]:41234"), "{line}");
    }
}

#[test]
fn what_came_off_the_network_leaves_one_harmless_line() {
    let payload = "\x1b]0;owned\x07\r\nMe!\u{202e}\u{2028}".as_bytes();
    let line = shown(Format::Text, &Event::Found(plain(payload)));
    assert!(line.ends_with("  \\x1b]0;owned\\x07\\r\\nMe!\\u{202e}\\u{2028}\n"), "{line}");
    assert_eq!(line.lines().count(), 1);
}
