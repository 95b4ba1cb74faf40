//! Whatever happens to a machine, in whatever order: it keeps the laws that `ops::run` checks for all
//! machines, does the same when the same happens again, and sends a source no more than it may.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use mcast_proto::ops::{Did, Op, Outcome, run};
use mcast_proto::wire::*;
use mcast_proto::{Arrival, Cast, Destination, InterfaceId, Machine, Path, Rate, plain, service};

const SEED: u64 = 1;
const MOST_OPS: usize = 32;
const CAPACITY: usize = 6;
const DEADLINE: Duration = Duration::from_millis(700);

fuzz_target!(|bytes: &[u8]| {
    let mut input = Unstructured::new(bytes);
    // What is left over at the end does not matter, and an input that ends early is a short one.
    let _ = play(&mut input);
});

fn play(input: &mut Unstructured<'_>) -> Result<()> {
    let choices: u8 = input.arbitrary()?;
    let key = || Key::new(b"correct horse battery staple", Binding::Unbound).expect("long enough");
    let keyring = (choices & 0x80 != 0).then(|| Keyring::new(key(), Vec::new()));
    let world = World { txn: 0, key: keyring.as_ref().map(|ring| ring.signing().clone()) };
    // Now and then is enough to see a difference.
    let again = choices & 0x07 == 0;
    match input.int_in_range(0..=4u8)? {
        0 => {
            let response = plain::Responding {
                allow_off_link: choices & 0x40 != 0,
                count: (choices & 0x20 != 0).then_some(3),
                ..plain::Responding::default()
            };
            play_to(plain::Responder::new(response, SEED), &world.ops(input)?, again);
        }
        1 => {
            let discovery = plain::Discovery::default();
            play_to(plain::Discoverer::new(discovery, SEED), &world.ops(input)?, again);
        }
        2 => {
            let response = service::Responding {
                keyring,
                allow_off_link: choices & 0x40 != 0,
                announce: choices & 0x20 != 0,
                rate: (choices & 0x10 != 0).then(Rate::default),
                stores: service::Stores { pending: 4, recent: 4, sources: 2 },
                ..service::Responding::of(offer())
            };
            let ops = world.ops(input)?;
            let outcome = play_to(service::Responder::new(response, SEED), &ops, again);
            is_bounded(&ops, &outcome);
        }
        3 => {
            let count = (choices & 0x20 != 0).then_some(3);
            let discovery = service::Discovery { count, ..discovery(keyring) };
            let discoverer = service::Discoverer::new(discovery, SEED);
            let mut ops = world.asked_by(&discoverer).ops(input)?;
            ops.push(Op::Wait(DEADLINE));
            let outcome = play_to(discoverer, &ops, again);
            assert!(outcome.done, "it goes on after its deadline");
            is_in_order(&outcome);
        }
        _ => {
            let watcher = service::Watcher::new(discovery(keyring), SEED);
            let ops = world.asked_by(&watcher).ops(input)?;
            let outcome = play_to(watcher, &ops, again);
            is_in_order(&outcome);
        }
    }
    Ok(())
}

fn offer() -> service::Offer {
    let offer = service::Offer::new("printer").and_then(|offer| offer.name("lab-3"));
    offer.and_then(|offer| offer.attr("floor", b"3")).expect("within the limits")
}

fn discovery(keyring: Option<Keyring>) -> service::Discovery {
    let (capacity, deadline) = (CAPACITY, Some(DEADLINE));
    service::Discovery { keyring, capacity, per_source: 2, deadline, ..service::Discovery::all() }
}

fn is_event(did: &Did, name: &str) -> bool {
    matches!(did, Did::Other(event) if event.starts_with(name))
}

/// Who is found is found once, changes and is lost only after that, and there is no more of them than
/// there is room.
fn is_in_order(outcome: &Outcome) {
    let mut present = BTreeSet::new();
    for (_, did) in &outcome.log {
        if is_event(did, "ServiceFound") {
            assert!(present.insert(id(did)), "{did:?}, which was found before");
        } else if is_event(did, "ServiceLost") {
            assert!(present.remove(&id(did)), "{did:?}, which was not found");
        } else if is_event(did, "ServiceChanged") {
            assert!(present.contains(&id(did)), "{did:?}, which was not found");
        }
        assert!(present.len() <= CAPACITY, "{present:?}, in a store of {CAPACITY}");
    }
}

/// The responder that an event is about, as its debug text has it.
fn id(did: &Did) -> String {
    let text = format!("{did:?}");
    text.split("id: ")
        .nth(1)
        .and_then(|rest| rest.split([',', ' ']).next())
        .expect("an id")
        .to_owned()
}

/// Runs the machine, and where it is to be run again, sees that it does the same.
fn play_to<M: Machine + Clone>(mut machine: M, ops: &[Op], again: bool) -> Outcome {
    let twin = again.then(|| machine.clone());
    let outcome = run(&mut machine, ops);
    if let Some(mut twin) = twin {
        assert_eq!(run(&mut twin, ops), outcome);
    }
    outcome
}

/// A source is sent at most three times the bytes of its queries, and a goodbye or an announcement
/// goes to the group alone.
fn is_bounded(ops: &[Op], outcome: &Outcome) {
    let mut heard: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for op in ops {
        if let Op::Datagram(arrival, bytes) = op
            && let Ok(Datagram::Query(_)) = decode(bytes)
        {
            *heard.entry(arrival.from.remote.ip()).or_default() += bytes.len();
        }
    }
    let mut sent: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for (_, did) in &outcome.log {
        if let Did::Sent(Destination::Peer(path), bytes) = did {
            assert!(matches!(decode(bytes), Ok(Datagram::Reply(_))));
            *sent.entry(path.remote.ip()).or_default() += bytes.len();
        }
    }
    for (ip, sent) in sent {
        let heard = heard.get(&ip).copied().unwrap_or_default();
        assert!(sent <= 3 * heard, "{sent} bytes to {ip}, for {heard}");
    }
}

/// What those around the machine know: the number of its session, and perhaps its secret.
struct World {
    txn: u64,
    key: Option<Key>,
}

impl World {
    /// Only who has heard a question can answer it.
    fn asked_by<M: Machine + Clone>(self, machine: &M) -> World {
        let asked = run(&mut machine.clone(), &[]);
        let txn = asked.log.iter().find_map(|(_, did)| match did {
            Did::Sent(_, bytes) => bytes.get(8..16)?.try_into().ok().map(u64::from_be_bytes),
            _ => None,
        });
        World { txn: txn.expect("it asks at once"), ..self }
    }

    fn ops(&self, input: &mut Unstructured<'_>) -> Result<Vec<Op>> {
        let mut ops = Vec::new();
        while !input.is_empty() && ops.len() < MOST_OPS {
            ops.push(self.op(input)?);
        }
        Ok(ops)
    }

    fn op(&self, input: &mut Unstructured<'_>) -> Result<Op> {
        Ok(match input.int_in_range(0..=15u8)? {
            0 => Op::Close,
            1 => Op::Poke,
            2 => Op::Wait(Duration::from_secs(input.int_in_range(0..=150)?)),
            3..=6 => Op::Wait(Duration::from_micros(input.int_in_range(0..=200_000u64)?)),
            7 => Op::Datagram(arrival(input)?, input.arbitrary::<&[u8]>()?.to_vec()),
            8 => Op::Datagram(arrival(input)?, plain::PROBE.to_vec()),
            _ => {
                let arrival = arrival(input)?;
                let mut bytes = self.datagram(input)?;
                if input.ratio(1u8, 8u8)? {
                    // Hurt on the way.
                    let at = input.choose_index(bytes.len())?;
                    bytes[at] ^= input.arbitrary::<u8>()?;
                }
                Op::Datagram(arrival, bytes)
            }
        })
    }

    fn datagram(&self, input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
        let txn = if input.ratio(7u8, 8u8)? { self.txn } else { input.int_in_range(0..=3)? };
        let id = input.int_in_range(0..=15u64)?;
        let round = input.int_in_range(0..=40u16)?;
        let lease_s = *input.choose(&[10, 120, 86_400])?;
        let (boot, seq) = (input.int_in_range(0..=2)?, input.int_in_range(0..=4)?);
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tlv::Epoch(Epoch { boot, seq })).expect("short");
        let datagram = match input.int_in_range(0..=7u8)? {
            0 => Datagram::Announce(Announce { id, lease_s, tlvs: tlvs.as_tlvs() }),
            1 => Datagram::Goodbye(Goodbye { id, tlvs: tlvs.as_tlvs() }),
            2..=4 => {
                tlvs.push(Tlv::Payload(input.choose(&["Me!", "not me", ""])?.as_bytes()))
                    .expect("short");
                let (copy, truncated) = (input.int_in_range(0..=2)?, input.ratio(1u8, 8u8)?);
                let (whole, busy, tlvs) = (truncated.then_some(200), false, tlvs.as_tlvs());
                Datagram::Reply(Reply { txn, id, round, copy, whole, busy, lease_s, tlvs })
            }
            _ => return self.query(txn, round, input),
        };
        self.encode(datagram, input)
    }

    fn query(&self, txn: u64, round: u16, input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
        let mut selectors = TlvBuf::new();
        match input.int_in_range(0..=7u8)? {
            0 => selectors.push(Tlv::SelectService("printer")).expect("short"),
            1 => selectors.push(Tlv::SelectService("scanner")).expect("short"),
            2 => {
                selectors.push(Tlv::SelectAttr(Attr { key: "floor", value: None })).expect("short")
            }
            _ => {}
        }
        let flags: u8 = input.arbitrary()?;
        let filter: &[u8] = if flags & 4 != 0 { input.arbitrary()? } else { &[] };
        let query = Query {
            window_ms: input.int_in_range(0..=1000)?,
            slice: Slice::new(flags >> 6 & 1, u32::from(flags >> 7 & flags >> 6 & 1))
                .unwrap_or(Slice::ALL),
            sample_bits: flags >> 5 & 1,
            copies: input.int_in_range(1..=3)?,
            estimate: input.arbitrary::<u8>().ok().filter(|bits| *bits != 255),
            max_reply: if flags & 8 != 0 { input.int_in_range(0..=200)? } else { 1200 },
            multicast_reply: flags & 1 != 0,
            watch: flags & 2 != 0,
            filter: Filter::new(filter.get(..64).unwrap_or(filter)).unwrap_or(Filter::NONE),
            tlvs: selectors.as_tlvs(),
            length: *input.choose(&[128, 128, 128, 32, 60, 1200])?,
            ..Query::new(txn, round)
        };
        self.encode(Datagram::Query(query), input)
    }

    /// Whoever has the secret mostly uses it.
    fn encode(&self, datagram: Datagram<'_>, input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
        let sealed = input.ratio(7u8, 8u8)?;
        let from = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let seal = self.key.as_ref().filter(|_| sealed).map(|key| Seal { key, from });
        let mut bytes = Vec::new();
        datagram.encode(seal, &mut bytes);
        Ok(bytes)
    }
}

/// From one of a few, mostly as an honest one would come.
fn arrival(input: &mut Unstructured<'_>) -> Result<Arrival> {
    let choices: u8 = input.arbitrary()?;
    let port = [40_000, 50_009, 50_008, 0][usize::from(choices & 3) * usize::from(choices >> 7)];
    let remote = SocketAddr::from((Ipv4Addr::new(10, 0, 0, choices >> 2 & 3), port));
    let cast = match choices >> 4 & 3 {
        0 => Cast::Unicast,
        1 => Cast::Unknown,
        2 => Cast::Group(SocketAddr::from((plain::GROUP_V4, plain::PORT))),
        _ => Cast::Group(SocketAddr::from((service::GROUP_V4, service::PORT))),
    };
    let path = Path::new(remote).by(InterfaceId(1 + u32::from(choices & 1)));
    Ok(Arrival::new(path, cast, choices >> 5 & 3 != 0))
}
