//! What holds of every run of every dialect's machines, whatever happens to them: captured answers whole, cut
//! off, damaged and repeated, any bytes at all, from few sources or from as many as there are datagrams.

use std::net::Ipv4Addr;
use std::sync::LazyLock;
use std::time::Duration;

use mcast_dialects::scan::{Dialect, Discoverer, Discovery, Watcher, Watching};
use mcast_dialects::{coap, preset, ssdp, wsd};
use mcast_proto::ops::{Choices, Did, OP_BYTES, Op, Outcome, any_bytes, run, run_from};
use mcast_proto::{
    Action, Arrival, Cast, Destination, Event, Instant, Machine, Message, Observation, OwnedKey,
    Path,
};
use proptest::prelude::*;

/// What was captured, and what goes wrong with it.
const SSDP: [&[u8]; 7] = [
    include_bytes!("../fixtures/ssdp/ssdpy-answer.bin"),
    include_bytes!("../fixtures/ssdp/async-upnp-client-answer-rootdevice.bin"),
    include_bytes!("../fixtures/ssdp/async-upnp-client-answer-uuid.bin"),
    include_bytes!("../fixtures/ssdp/async-upnp-client-alive-rootdevice.bin"),
    include_bytes!("../fixtures/ssdp/async-upnp-client-byebye-rootdevice.bin"),
    b"HTTP/1.0 OK 200\nUSN : uuid:a::b\nCACHE-CONTROL: max-age=1\nLOCATION: http://[fe80::1]:7/\n",
    b"M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n",
];
const WSD: [&[u8]; 7] = [
    include_bytes!("../fixtures/wsd/wsdd-probe-matches.bin"),
    include_bytes!("../fixtures/wsd/wsdd-resolve-matches.bin"),
    include_bytes!("../fixtures/wsd/wsdd-hello.bin"),
    include_bytes!("../fixtures/wsd/wsdd-bye.bin"),
    include_bytes!("../fixtures/wsd/wsdd2-probe-matches.bin"),
    include_bytes!("../fixtures/wsd/wsdiscovery-probe-matches.bin"),
    include_bytes!("../fixtures/wsd/wsdiscovery-probe-matches-empty.bin"),
];
const COAP: [&[u8]; 5] = [
    include_bytes!("../fixtures/coap/libcoap-answer.bin"),
    include_bytes!("../fixtures/coap/libcoap-block-0.bin"),
    include_bytes!("../fixtures/coap/libcoap-block-1.bin"),
    include_bytes!("../fixtures/coap/aiocoap-block-0-of-group.bin"),
    include_bytes!("../fixtures/coap/aiocoap-block-1-refused.bin"),
];
const PRESETS: [&[u8]; 5] = [
    b"HTTP/1.1 200 OK\r\nLocation: yeelight://10.0.0.2:55443\r\nid: 0x1\r\nmodel: color\r\n",
    br#"{"msg":{"cmd":"scan","data":{"device":"1F","sku":"H6199"}}}"#,
    b"<ProbeMatch><MAC>44</MAC><DeviceDescription>DS</DeviceDescription></ProbeMatch>",
    b"[MOTD]a[/MOTD][AD]7[/AD]",
    b"RTPS\x02\x03\x01\x0fabcdefghijkl",
];

static PRESET_TABLE: LazyLock<Vec<preset::Preset>> =
    LazyLock::new(|| preset::builtin().expect("a table"));

/// A machine, with the last question that it put, to which answers are made.
struct Asked {
    machine: Box<dyn Machine>,
    /// How an answer that was captured is made one to a question.
    answer: fn(&[u8], &[u8]) -> Vec<u8>,
    question: Vec<u8>,
}

impl Machine for Asked {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        let answer = (self.answer)(&self.question, datagram);
        // Nothing is told in reaction to a datagram: it all comes out later.
        let action = self.machine.handle_datagram(now, arrival, &answer);
        assert!(action.is_none());
        None
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        let action = self.machine.handle_timeout(now);
        if let Some(Action::Send { message: Message::Plain(bytes), .. }) = &action {
            self.question = bytes.to_vec();
        }
        action
    }

    fn deadline(&self) -> Option<Instant> {
        self.machine.deadline()
    }

    fn close(&mut self, now: Instant) {
        self.machine.close(now);
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        self.machine.handle_observation(now, observation);
    }
}

fn as_it_is(_question: &[u8], answer: &[u8]) -> Vec<u8> {
    answer.to_vec()
}

/// With the number of the question in place of the first that is in it, or of those that were captured.
fn of_wsd(question: &[u8], answer: &[u8]) -> Vec<u8> {
    let (Ok(question), Ok(answer)) = (std::str::from_utf8(question), std::str::from_utf8(answer))
    else {
        return answer.to_vec();
    };
    let number = question.split("MessageID>urn:uuid:").nth(1).and_then(|rest| rest.get(..36));
    let Some(number) = number else { return answer.into() };
    let mut answer = answer.to_owned();
    for captured in 1..=4 {
        answer = answer.replace(&format!("00000000-0000-4000-8000-00000000000{captured}"), number);
    }
    answer.into_bytes()
}

/// With the token of the question in place of the two bytes that were captured.
fn of_coap(question: &[u8], answer: &[u8]) -> Vec<u8> {
    let mut answer = answer.to_vec();
    if answer.len() >= 6 && question.len() >= 12 && answer[0] & 0x0f == 2 {
        answer[0] = answer[0] & 0xf0 | 8;
        answer.splice(4..6, question[4..12].iter().copied());
    }
    answer
}

/// Each dialect, as one who asks and as one who watches, with what is said to it.
#[derive(Debug, Clone, Copy)]
enum Which {
    Ssdp,
    Wsd,
    Coap,
    Preset(usize),
}

const CAPACITY: usize = 96;

impl Which {
    fn of(number: u8) -> Which {
        match number % 8 {
            0 | 1 => Which::Ssdp,
            2 | 3 => Which::Wsd,
            4 | 5 => Which::Coap,
            _ => Which::Preset(usize::from(number / 8)),
        }
    }

    fn machine(self, watches: bool, seed: u64) -> Asked {
        match self {
            Which::Ssdp => asked(ssdp::Ssdp::default(), watches, seed, as_it_is),
            Which::Wsd => asked(wsd::Wsd::default(), watches, seed, of_wsd),
            Which::Coap => asked(coap::Coap::default(), watches, seed, of_coap),
            Which::Preset(nth) => {
                let preset = PRESET_TABLE[nth % PRESET_TABLE.len()].clone();
                asked(preset, watches, seed, as_it_is)
            }
        }
    }

    fn said(self) -> &'static [&'static [u8]] {
        match self {
            Which::Ssdp => &SSDP,
            Which::Wsd => &WSD,
            Which::Coap => &COAP,
            Which::Preset(_) => &PRESETS,
        }
    }

    fn ops(self, bytes: &[u8]) -> Vec<Op> {
        bytes.chunks(OP_BYTES).map(|chunk| self.op(&mut Choices::new(chunk))).collect()
    }

    fn op(self, choices: &mut Choices<'_>) -> Op {
        match choices.below(32) {
            0 => Op::Poke,
            1..6 => Op::Wait(Duration::from_millis(choices.below(500))),
            6..8 => Op::Wait(Duration::from_secs(choices.below(4_000))),
            8 => Op::Observe(Observation::NetworkChanged),
            9 => Op::Observe(Observation::Dropped { datagrams: 1 }),
            10 => Op::ReadMany(choices.one_in(2)),
            11..14 => Op::Again(choices.below(4) as usize, None),
            _ => {
                let arrival = arrival(choices);
                Op::Datagram(arrival, self.datagram(choices))
            }
        }
    }

    fn datagram(self, choices: &mut Choices<'_>) -> Vec<u8> {
        let mut bytes = choices.pick(self.said()).to_vec();
        match choices.below(12) {
            0 => {
                let length = choices.below(200) as usize;
                return choices.bytes(length);
            }
            1 => bytes.truncate(choices.below(1_400) as usize),
            2 | 3 => {
                for _ in 0..=choices.below(4) {
                    let at = choices.below(1_400) as usize % bytes.len();
                    bytes[at] ^= choices.below(255) as u8 + 1;
                }
            }
            // Another name for itself: hexadecimal digits are in all of them.
            4..8 => {
                let (from, to) = (choices.below(16) as usize, choices.below(16) as usize);
                let digits = b"0123456789abcdef";
                for byte in &mut bytes {
                    if *byte == digits[from] {
                        *byte = digits[to];
                    }
                }
            }
            8 => {
                let part = choices.below(60) as usize % bytes.len();
                let repeated = bytes[part..].repeat(1 + choices.below(8) as usize);
                bytes.extend_from_slice(&repeated);
            }
            _ => {}
        }
        bytes
    }
}

fn asked<D: Dialect + 'static>(
    dialect: D,
    watches: bool,
    seed: u64,
    answer: fn(&[u8], &[u8]) -> Vec<u8>,
) -> Asked {
    let machine: Box<dyn Machine> = if watches {
        Box::new(Watcher::new(
            dialect,
            Watching { capacity: CAPACITY, ..Watching::default() },
            seed,
        ))
    } else {
        let discovery = Discovery { capacity: CAPACITY, ..Discovery::default() };
        Box::new(Discoverer::new(dialect, discovery, seed))
    };
    Asked { machine, answer, question: Vec::new() }
}

fn arrival(choices: &mut Choices<'_>) -> Arrival {
    // Few sources mostly, so that they come again; and sometimes any.
    let host =
        if choices.one_in(4) { choices.below(65_536) as u16 } else { choices.below(3) as u16 };
    let [high, low] = host.to_be_bytes();
    let port = choices.pick(&[1_900, 3_702, 5_683, 40_000]);
    let from = Path::new((Ipv4Addr::new(10, 0, high, low), port).into());
    let group = Cast::Group((Ipv4Addr::new(239, 255, 255, 250), 1_900).into());
    let cast = choices.pick(&[Cast::Unicast, Cast::Unicast, group, Cast::Unknown]);
    Arrival::new(from, cast, !choices.one_in(6))
}

/// What was told fits together: each is found once until it is lost, and only who is there changes or is
/// lost.
fn is_consistent(outcome: &Outcome, watches: bool) {
    let mut there = std::collections::BTreeSet::new();
    for (at, event) in outcome.events() {
        match event {
            Event::Found(finding) => {
                let is_new = there.insert(OwnedKey::from(finding.key()));
                // One who asks forgets whom it has told when room is short, and tells it again.
                assert!(is_new || !watches, "{finding:?} {at:?}");
            }
            Event::Changed { finding, .. } => {
                assert!(there.contains(&OwnedKey::from(finding.key())), "{finding:?} {at:?}");
            }
            Event::Lost { key, .. } => {
                assert!(there.remove(&OwnedKey::from(key)) || !watches, "{key:?} {at:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(!watches || there.len() <= CAPACITY, "{} are there", there.len());
}

/// Datagrams to one alone, in all and in any second.
fn asks_others_slowly(outcome: &Outcome) {
    let alone: Vec<Instant> = outcome
        .sent()
        .filter(|(_, to, _)| matches!(to, Destination::Peer(_, _)))
        .map(|(at, ..)| at)
        .collect();
    for window in alone.windows(101) {
        assert!(window[100] - window[0] >= Duration::from_millis(999), "{:?}", window[0]);
    }
}

fn sums_up(outcome: &Outcome) {
    let Some((_, summary)) = outcome.end() else { return };
    let told = outcome.events().filter(|(_, event)| matches!(event, Event::Found(_))).count();
    assert_eq!(summary.found, told as u64);
    assert_eq!(summary.sent, outcome.sent().count() as u64);
    assert!(summary.ignored + summary.duplicates <= summary.received);
    assert_eq!(summary.complete, None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_heard_breaks_a_machine(
        number: u8, watches: bool, seed: u64, bytes in any_bytes(0..80),
    ) {
        let which = Which::of(number);
        let mut ops = which.ops(&bytes);
        ops.push(Op::Close);
        let outcome = run(&mut which.machine(watches, seed), &ops);
        prop_assert!(outcome.done);
        is_consistent(&outcome, watches);
        asks_others_slowly(&outcome);
        sums_up(&outcome);
    }

    #[test]
    fn whoever_asks_once_ends_whatever_is_heard(number: u8, seed: u64, bytes in any_bytes(0..40)) {
        let which = Which::of(number);
        let mut ops = Vec::new();
        for op in which.ops(&bytes) {
            ops.push(op);
            ops.push(Op::Wait(Duration::from_millis(900)));
        }
        ops.push(Op::Wait(Duration::from_secs(120)));
        let outcome = run(&mut which.machine(false, seed), &ops);
        let (at, _) = outcome.end().expect("it ended");
        // All questions are put within three seconds, and ten are the most after the last one.
        prop_assert!(at - Instant::ZERO <= Duration::from_secs(14), "{:?}", at);
    }

    #[test]
    fn the_same_seed_and_inputs_give_the_same_run(
        number: u8, watches: bool, seed: u64, bytes in any_bytes(0..40),
    ) {
        let which = Which::of(number);
        let ops = which.ops(&bytes);
        let first = run(&mut which.machine(watches, seed), &ops);
        prop_assert_eq!(first, run(&mut which.machine(watches, seed), &ops));
    }

    #[test]
    fn only_differences_of_time_matter(
        number: u8, watches: bool, seed: u64, bytes in any_bytes(0..40), start in 0u64..1 << 50,
    ) {
        let which = Which::of(number);
        let ops = which.ops(&bytes);
        let from_zero = run(&mut which.machine(watches, seed), &ops);
        let start = Instant::from_nanos(start);
        let later = run_from(start, &mut which.machine(watches, seed), &ops);
        let shifted: Vec<(Instant, Did)> =
            from_zero.log.into_iter().map(|(at, did)| (start + (at - Instant::ZERO), did)).collect();
        prop_assert_eq!(shifted, later.log);
    }

    #[test]
    fn early_timeouts_change_nothing(
        number: u8, watches: bool, seed: u64, bytes in any_bytes(0..40),
    ) {
        let which = Which::of(number);
        // Where many datagrams are read at once a timeout between them is not early.
        let is_early = |op: &Op| !matches!(op, Op::Poke | Op::ReadMany(_));
        let ops: Vec<Op> = which.ops(&bytes).into_iter().filter(is_early).collect();
        let poked: Vec<Op> = ops.iter().flat_map(|op| [op.clone(), Op::Poke]).collect();
        let without = run(&mut which.machine(watches, seed), &ops);
        prop_assert_eq!(without, run(&mut which.machine(watches, seed), &poked));
    }
}

/// The flood that a neighbour makes: a new device in each datagram, for as long as it is heard.
#[test]
fn a_flood_of_inventions_leaves_the_honest_where_they_are() {
    let mut machine = Which::Ssdp.machine(true, 7);
    let honest =
        |host: u8| Arrival::new(Path::new(([10, 0, 0, host], 1_900).into()), Cast::Unicast, true);
    let mut ops: Vec<Op> =
        (1..=20).map(|host| Op::Datagram(honest(host), SSDP[1].to_vec())).collect();
    let invented = |n: usize| {
        format!("HTTP/1.1 200 OK\r\nUSN: uuid:{n}\r\nCACHE-CONTROL: max-age=60\r\n\r\n")
            .into_bytes()
    };
    ops.extend((0..10_000).map(|n| Op::Datagram(honest(99), invented(n))));
    let outcome = run(&mut machine, &ops);
    let lost: Vec<String> = outcome
        .events()
        .filter_map(|(_, event)| match event {
            Event::Lost { from, .. } => Some(from.remote.ip().to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(lost, Vec::<String>::new());
    assert_eq!(outcome.events().count(), CAPACITY);
}
