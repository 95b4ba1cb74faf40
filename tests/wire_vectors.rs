//! The structured protocol's bytes against two witnesses: the golden vectors of `vectors/`, and
//! `peers/wire.py`, which was written from `docs/protocol.md` alone.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};

use mcast_proto::wire::{
    self, Attr, Binding, Datagram, Endpoint, FilterBuilder, Key, Keyring, Query, Seal, Slice, Tlv,
    Tlvs,
};
use mcast_tests::vectors::{Vector, hex, read_all, unhex};

#[test]
fn datagrams_decode_to_their_fields_and_encode_to_their_bytes() {
    let mut decoded = 0;
    for vector in read_all().iter().filter(|vector| vector.file != "hashes.txt") {
        let name = &vector.name;
        if let Some(kind) = vector.given("refused") {
            let error = wire::decode(&vector.bytes).expect_err(name);
            assert_eq!(format!("{:?}", error.kind()).to_lowercase(), kind, "[{name}]: {error}");
            continue;
        }
        let datagram =
            wire::decode(&vector.bytes).unwrap_or_else(|error| panic!("[{name}]: {error}"));
        assert_eq!(fields(&datagram, &vector.bytes), vector.fields, "[{name}]");

        let key = vector.given("secret").map(|secret| key(vector, &unhex(secret)));
        let from: SocketAddr = vector.given("from").unwrap_or("0.0.0.0:0").parse().unwrap();
        let mut encoded = Vec::new();
        datagram.encode(key.as_ref().map(|key| Seal { key, from }), &mut encoded);
        assert_eq!(hex(&encoded), hex(&vector.bytes), "[{name}]");
        if let Some(key) = key {
            assert_eq!(Keyring::new(key.clone(), Vec::new()).verify(from, &vector.bytes), Ok(&key));
        }
        decoded += 1;
    }
    assert!(decoded >= 25, "{decoded}");
}

#[test]
fn hashes_and_keys_come_out_as_they_must() {
    let mut checked = 0;
    for vector in read_all().iter().filter(|vector| vector.file == "hashes.txt") {
        assert_eq!(hashes(vector), vector.fields, "[{}]", vector.name);
        checked += 1;
    }
    assert!(checked >= 20, "{checked}");
}

fn hashes(vector: &Vector) -> Vec<String> {
    let number = |name| vector.given(name).map(|text| text.parse::<u32>().unwrap());
    let numbers = |name: &str| -> Vec<u64> {
        vector.given(name).unwrap().split_whitespace().map(hex_u64).collect()
    };
    if let Some(secret) = vector.given("secret") {
        let key = key(vector, &unhex(secret));
        // The derived key itself is not to be had; the number is derived from it.
        return vec![vector.fields[0].clone(), format!("key_id {:08x}", key.id())];
    }
    if let Some(tlvs) = vector.given("tlvs") {
        return names(vector, number("lease_s").unwrap(), &unhex(tlvs));
    }
    let txn = hex_u64(vector.given("txn").unwrap());
    if let (Some(bits), Some(sample_bits)) = (number("slice_bits"), number("sample_bits")) {
        let line = |id| {
            let slice = Slice::of(id, txn, bits as u8);
            // Without a slice and a filter, being asked is being in the sample.
            let sampled = Query { sample_bits: sample_bits as u8, ..Query::new(txn, 0) }.is_in(id);
            assert!(slice.contains(id, txn));
            format!("slice_and_sampled {} {}", slice.index(), yes(sampled))
        };
        return numbers("ids").into_iter().map(line).collect();
    }
    let mut bytes = vec![0; number("filter_len").unwrap() as usize];
    let salt = hex_u64(vector.given("salt").unwrap());
    let mut builder = FilterBuilder::new(&mut bytes, txn, salt);
    numbers("names").into_iter().for_each(|name| builder.insert(name));
    let filter = builder.finish();
    let silenced: Vec<_> =
        numbers("others").into_iter().map(|name| yes(filter.silences(name, txn, salt))).collect();
    vec![field("filter", &hex(filter.as_bytes())), format!("silenced {}", silenced.join(" "))]
}

fn names(vector: &Vector, lease_s: u32, tlvs: &[u8]) -> Vec<String> {
    // Around the TLVs, so that they are looked at as a received answer's: one with a lease of 120 s.
    let body_len = 32 + tlvs.len() as u16;
    let header = [&[0xf5, 0x6d, 0x64, 0x31, 2, 0][..], &body_len.to_be_bytes(), &[0; 8]].concat();
    let bytes = [&header[..], &[0; 15], &[120], tlvs].concat();
    let Ok(Datagram::Reply(reply)) = wire::decode(&bytes) else { panic!("[{}]", vector.name) };
    let digest = wire::digest(lease_s, reply.tlvs);
    let id = hex_u64(vector.given("id").unwrap());
    let from = vector.given("from").unwrap().parse().unwrap();
    vec![
        format!("digest {digest:016x}"),
        format!("whole {:016x}", wire::whole_name(id, from, digest)),
        format!("short {:016x}", wire::short_name(id, from, digest)),
    ]
}

fn hex_u64(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap()
}

fn key(vector: &Vector, secret: &[u8]) -> Key {
    let binding = match vector.given("binding") {
        Some("source") => Binding::Source,
        Some("unbound") => Binding::Unbound,
        other => panic!("[{}]: binding {other:?}", vector.name),
    };
    Key::new(secret, binding).unwrap()
}

#[test]
fn the_python_peer_agrees_with_the_vectors() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let Some(said) = python(&["vectors", folder.to_str().unwrap()], "") else { return };
    let vectors = read_all().len();
    assert_eq!(said, format!("{vectors} vectors agree\n"));
}

/// Both read the golden datagrams, and many more that were made of them by chance: what the one
/// refuses the other refuses, and what both take says the same to both.
#[test]
fn the_python_peer_agrees_on_datagrams_made_by_chance() {
    const DATAGRAMS: usize = 20_000;
    let vectors = read_all();
    let golden: Vec<&[u8]> =
        vectors.iter().filter(|v| !v.bytes.is_empty()).map(|v| v.bytes.as_slice()).collect();
    let mut rng = fastrand::Rng::with_seed(8);
    let datagrams: Vec<Vec<u8>> =
        (0..DATAGRAMS).map(|_| mutate(golden[rng.usize(..golden.len())], &mut rng)).collect();
    let lines: String = datagrams.iter().map(|bytes| hex(bytes) + "\n").collect();
    let Some(said) = python(&["decode"], &lines) else { return };

    let mut taken = 0;
    let answers: Vec<&str> = said.split_terminator("\n\n").collect();
    assert_eq!(answers.len(), DATAGRAMS);
    for (bytes, answer) in datagrams.iter().zip(answers) {
        // Which of several faults is seen first is nobody's business.
        let theirs = if answer.starts_with("refused ") { "refused" } else { answer };
        let ours = match wire::decode(bytes) {
            Ok(datagram) => {
                taken += 1;
                fields(&datagram, bytes).join("\n")
            }
            Err(_) => "refused".to_owned(),
        };
        assert_eq!(ours, theirs, "{}", hex(bytes));
    }
    // Else the test would show little.
    assert!((DATAGRAMS / 10..DATAGRAMS * 9 / 10).contains(&taken), "{taken} taken");
}

/// One to four changes, most of them where the format looks.
fn mutate(golden: &[u8], rng: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = golden.to_vec();
    for _ in 0..rng.usize(1..=4) {
        if bytes.is_empty() {
            break;
        }
        let at =
            if rng.bool() { rng.usize(..bytes.len().min(64)) } else { rng.usize(..bytes.len()) };
        match rng.u8(..6) {
            0 => bytes[at] ^= 1 << rng.u8(..8),
            1 => bytes[at] = rng.u8(..),
            2 => bytes[at] = *rng.choice(&[0, 1, 3, 4, 8, 10, 20, 0x7f, 0x80, 0xff]).unwrap(),
            3 => bytes.insert(at, rng.u8(..)),
            4 => drop(bytes.remove(at)),
            _ if rng.u8(..8) == 0 => bytes.truncate(at),
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
    }
    bytes
}

/// Runs the peer; `None`, said loudly, where there is no Python.
fn python(arguments: &[&str], input: &str) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/wire.py");
    let spawned = Command::new("python3")
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Not by `println`, which the test runner would keep to itself.
            std::io::stderr().write_all(b"skipped: there is no python3 on this machine\n").unwrap();
            return None;
        }
        Err(error) => panic!("python3: {error}"),
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // The peer answers while it still reads: one thread for each way.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "the peer failed: {}", output.status);
    Some(String::from_utf8(output.stdout).unwrap())
}

/// What a datagram says, as the vectors write it.
fn fields(datagram: &Datagram<'_>, bytes: &[u8]) -> Vec<String> {
    let key_id = wire::sealed_with(bytes).map(|id| format!("key_id {id:08x}"));
    let (kind, block, tlvs) = match datagram {
        Datagram::Query(query) => ("query", query_fields(query), query.tlvs),
        Datagram::Reply(reply) => (
            "reply",
            vec![
                format!("txn {:016x}", reply.txn),
                format!("id {:016x}", reply.id),
                format!("round {}", reply.round),
                format!("copy {}", reply.copy),
                format!(
                    "whole {}",
                    reply.whole.map_or("this".to_owned(), |bytes| bytes.to_string())
                ),
                format!("busy {}", yes(reply.busy)),
                format!("lease_s {}", reply.lease_s),
            ],
            reply.tlvs,
        ),
        Datagram::Announce(announce) => (
            "announce",
            vec![format!("id {:016x}", announce.id), format!("lease_s {}", announce.lease_s)],
            announce.tlvs,
        ),
        Datagram::Goodbye(goodbye) => {
            ("goodbye", vec![format!("id {:016x}", goodbye.id)], goodbye.tlvs)
        }
        Datagram::Busy(busy) => ("busy", vec![format!("id {:016x}", busy.id)], busy.tlvs),
    };
    let mut lines = vec![format!("type {kind}")];
    lines.extend(key_id);
    lines.extend(block);
    lines.extend(tlv_fields(tlvs));
    lines
}

fn query_fields(query: &Query<'_>) -> Vec<String> {
    let Query { slice, filter, .. } = query;
    vec![
        format!("txn {:016x}", query.txn),
        format!("round {}", query.round),
        format!("salt {:016x}", query.salt),
        format!("window_ms {}", query.window_ms),
        format!("slice {} of 2^{}", slice.index(), slice.bits()),
        format!("sample_bits {}", query.sample_bits),
        format!("copies {}", query.copies),
        query.estimate.map_or("estimate unknown".to_owned(), |bits| format!("estimate {bits}")),
        format!("max_reply {}", query.max_reply),
        format!("multicast_reply {}", yes(query.multicast_reply)),
        format!("watch {}", yes(query.watch)),
        field("filter", &hex(filter.as_bytes())),
        format!("length {}", query.length),
    ]
}

fn tlv_fields(tlvs: Tlvs<'_>) -> impl Iterator<Item = String> {
    tlvs.iter().map(|tlv| match tlv {
        Tlv::Payload(bytes) => field("payload", &hex(bytes)),
        Tlv::Service(text) => format!("service {text}"),
        Tlv::Name(text) => format!("name {text}"),
        Tlv::Endpoint(Endpoint { address, port }) => {
            format!("endpoint {} {port}", address.map_or("own".to_owned(), ip))
        }
        Tlv::Attr(attr) => format!("attr {}", attribute(attr)),
        Tlv::Origin(address) => format!("origin {}", ip(address)),
        Tlv::Epoch(epoch) => format!("epoch {} {}", epoch.boot, epoch.seq),
        Tlv::Cbor(bytes) => field("cbor", &hex(bytes)),
        Tlv::SelectService(text) => format!("select_service {text}"),
        Tlv::SelectAttr(attr) => format!("select_attr {}", attribute(attr)),
        Tlv::Digest(digest) => format!("digest {digest:016x}"),
        Tlv::Sessions(sessions) => {
            let one = |(txn, round)| format!(" {txn:016x}/{round}");
            format!("sessions{}", sessions.iter().map(one).collect::<String>())
        }
        Tlv::Refused(address) => format!("refused {}", address.map_or("all".to_owned(), ip)),
        Tlv::Unknown { number, value } => field(&format!("tlv{number}"), &hex(value)),
        other => panic!("the vectors don't know {other:?}"),
    })
}

fn field(name: &str, value: &str) -> String {
    if value.is_empty() { name.to_owned() } else { format!("{name} {value}") }
}

fn attribute(attr: Attr<'_>) -> String {
    let mut text = attr.key.to_owned();
    if let Some(value) = attr.value {
        write!(text, "={}", hex(value)).unwrap();
    }
    text
}

fn ip(address: IpAddr) -> String {
    match address {
        IpAddr::V4(ip) => hex(&ip.octets()),
        IpAddr::V6(ip) => hex(&ip.octets()),
    }
}

fn yes(bit: bool) -> &'static str {
    if bit { "yes" } else { "no" }
}
