#!/usr/bin/env python3
"""The structured protocol's datagrams, written from docs/protocol.md alone, without a look at the
Rust code: where the two agree, the page says enough.

    wire.py vectors DIR     checks the golden vectors: decodes each, and makes it again from its fields
    wire.py decode          reads datagrams, a line of hex each, and prints the fields of each, or
                            `refused` with what it is to the receiver, and an empty line
"""

import hashlib
import hmac
import pathlib
import struct
import sys
import unicodedata

MAGIC = b"\xf5md"
TYPES = {1: "query", 2: "reply", 3: "announce", 4: "goodbye", 5: "busy"}
AUTH, MREPLY, WATCH, BUSY = 0x01, 0x02, 0x04, 0x10
TRAILER = 20
MASK = (1 << 64) - 1


class Refused(Exception):
    """The datagram is to be ignored; the argument is foreign, newer or malformed."""


def must(condition):
    if not condition:
        raise Refused("malformed")


# --- hashes ---------------------------------------------------------------------------------------


def mix64(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def slice_of(identity, txn, bits):
    return mix64(identity ^ txn) >> 64 - bits


def is_sampled(identity, txn, bits):
    return mix64(identity ^ txn) & (1 << bits) - 1 == 0


def siphash(k0, k1, message):
    """SipHash-2-4; the key's words are k0 and k1."""
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def turn(value, bits):
        return (value << bits | value >> 64 - bits) & MASK

    def rounds(count):
        for _ in range(count):
            v[0] = v[0] + v[1] & MASK
            v[2] = v[2] + v[3] & MASK
            v[1] = turn(v[1], 13) ^ v[0]
            v[3] = turn(v[3], 16) ^ v[2]
            v[0] = turn(v[0], 32)
            v[2] = v[2] + v[1] & MASK
            v[0] = v[0] + v[3] & MASK
            v[1] = turn(v[1], 17) ^ v[2]
            v[3] = turn(v[3], 21) ^ v[0]
            v[2] = turn(v[2], 32)

    padded = message + bytes(7 - len(message) % 8) + bytes([len(message) % 256])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def filter_bits(name, txn, salt, length):
    """The four bits of a name in a filter of this many bytes."""
    h = siphash(salt, txn, struct.pack(">Q", name))
    return [((h >> shift & 0xFFFF) * 8 * length) >> 16 for shift in (0, 16, 32, 48)]


def make_filter(names, txn, salt, length):
    bits = bytearray(length)
    for name in names:
        for bit in filter_bits(name, txn, salt, length):
            bits[bit // 8] |= 1 << bit % 8
    return bytes(bits)


def is_silenced(bits, name, txn, salt):
    return bool(bits) and all(
        bits[bit // 8] >> bit % 8 & 1 for bit in filter_bits(name, txn, salt, len(bits))
    )


def first8(message):
    return int.from_bytes(hashlib.sha256(message).digest()[:8], "big")


def words_digest(lease_s, tlvs):
    """Of the TLVs of a whole answer, as they are sent."""
    kept = b"".join(tlv for tlv in split_tlvs(tlvs) if tlv[0] & 0x7F not in (7, 12, 13))
    return first8(b"mcast v1 words" + struct.pack(">I", lease_s) + kept)


def split_tlvs(tlvs):
    while tlvs:
        (length,) = struct.unpack_from(">H", tlvs, 1)
        yield tlvs[: 3 + length]
        tlvs = tlvs[3 + length :]


def name_of(kind, identity, source, digest):
    """`kind` is whole or short; `source` is as in Key.tag."""
    said = struct.pack(">Q", identity) + source + struct.pack(">Q", digest)
    return first8(b"mcast v1 " + kind.encode() + said)


# --- authentication -------------------------------------------------------------------------------


def hmac_sha256(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


class Key:
    def __init__(self, secret, binding):
        assert len(secret) >= 16
        self.bound = {"source": True, "unbound": False}[binding]
        label = b"mcast v1 key" if self.bound else b"mcast v1 key unbound"
        self.key = hmac_sha256(secret, label)
        self.id = hmac_sha256(self.key, b"mcast v1 key id")[:4]

    def tag(self, source, covered):
        """`source` is 16 bytes of address, IPv4 as IPv4-mapped, and 2 of port."""
        return hmac_sha256(self.key, (source if self.bound else b"") + covered)[:16]

    def seal(self, source, datagram):
        datagram += self.id
        return datagram + self.tag(source, datagram)

    def verifies(self, source, datagram):
        return datagram[-TRAILER:-16] == self.id and hmac.compare_digest(
            datagram[-16:], self.tag(source, datagram[:-16])
        )


def source_bytes(text):
    """From `192.0.2.7:40000`, or `[fe80:…]:40000` with all eight parts in full."""
    host, port = text.rsplit(":", 1)
    if "." in host:
        address = bytes(10) + b"\xff\xff" + bytes(int(part) for part in host.split("."))
    else:
        address = bytes.fromhex(host.strip("[]").replace(":", ""))
    assert len(address) == 16
    return address + struct.pack(">H", int(port))


# --- decoding: bytes to a list of (name, value), all text ------------------------------------------


def decode(datagram):
    if not 32 <= len(datagram) <= 1500 or datagram[:3] != MAGIC:
        raise Refused("foreign")
    if datagram[3:4] != b"1" or datagram[4] not in TYPES:
        raise Refused("newer")
    kind, flags, body_len, txn = struct.unpack_from(">BBHQ", datagram, 4)
    trailer = TRAILER if flags & AUTH else 0
    must((40 if kind == 1 else 32) <= body_len <= len(datagram) - trailer)
    fields = [("type", TYPES[kind])]
    if flags & AUTH:
        fields.append(("key_id", datagram[-TRAILER:-16].hex()))
    if kind == 1:
        fields += decode_query(datagram, flags, body_len, txn)
    else:
        fields += decode_presence(datagram, kind, flags, body_len, txn)
    return fields


def decode_query(datagram, flags, body_len, txn):
    (round_, window, slice_bits, sample_bits, copies, estimate, index, filter_len, max_reply, salt) = (
        struct.unpack_from(">HHBBBBIHHQ", datagram, 16)
    )
    must(slice_bits <= 20 and index < 1 << slice_bits and sample_bits <= 20)
    must(filter_len <= 1200 and 40 + filter_len <= body_len)
    return [
        ("txn", f"{txn:016x}"),
        ("round", str(round_)),
        ("salt", f"{salt:016x}"),
        ("window_ms", str(min(window, 2_000))),
        ("slice", f"{index} of 2^{slice_bits}"),
        ("sample_bits", str(sample_bits)),
        ("copies", str(min(max(copies, 1), 3))),
        ("estimate", "unknown" if estimate == 255 else str(estimate)),
        ("max_reply", str(max_reply)),
        ("multicast_reply", yes(flags & MREPLY)),
        ("watch", yes(flags & WATCH)),
        ("filter", datagram[40 : 40 + filter_len].hex()),
        ("length", str(len(datagram))),
    ] + decode_tlvs(datagram[40 + filter_len : body_len])


def decode_presence(datagram, kind, flags, body_len, txn):
    identity, round_, copy, whole, lease = struct.unpack_from(">QHBBI", datagram, 16)
    tlvs = decode_tlvs(datagram[32:body_len])
    fields = [("id", f"{identity:016x}")]
    if kind == 2:
        must(copy <= 2)
        fields.insert(0, ("txn", f"{txn:016x}"))
        fields += [("round", str(round_)), ("copy", str(copy))]
        fields += [("whole", str(8 * whole) if whole else "this"), ("busy", yes(flags & BUSY))]
    else:
        must(any(name == ("refused" if kind == 5 else "epoch") for name, _ in tlvs))
    if kind == 4:
        must(lease == 0)
    elif kind != 5:
        must(10 <= lease <= 86_400)
        fields.append(("lease_s", str(lease)))
    return fields + tlvs


def yes(bit):
    return "yes" if bit else "no"


NAMES = {
    1: "payload",
    2: "service",
    3: "name",
    4: "endpoint",
    5: "attr",
    6: "origin",
    7: "epoch",
    8: "cbor",
    10: "select_service",
    11: "select_attr",
    12: "digest",
    13: "sessions",
    14: "refused",
}
NUMBERS = {name: number for number, name in NAMES.items()}
MOST = {1: 1, 3: 1, 7: 1, 8: 1, 4: 8, 6: 8, 5: 16, 11: 16, 12: 1, 13: 1, 14: 8}


def decode_tlvs(body):
    fields, counts = [], {}
    while body:
        must(len(fields) < 32 and len(body) >= 3)
        kind, length = struct.unpack_from(">BH", body)
        must(len(body) >= 3 + length)
        value, body = body[3 : 3 + length], body[3 + length :]
        number = kind & 0x7F
        known = decode_value(number, value)
        if known is None and kind & 0x80:
            raise Refused("newer")
        fields.append(known or (f"tlv{number}", value.hex()))
        counts[number] = counts.get(number, 0) + 1
        must(counts[number] <= MOST.get(number, 32))
    return fields


def decode_value(number, value):
    """The field's name and value; None where this version does not know it."""
    if number in (1, 8):
        return NAMES[number], value.hex()
    if number in (2, 3, 10):
        must(1 <= len(value) <= 255)
        try:
            text = value.decode()
        except UnicodeDecodeError:
            raise Refused("malformed") from None
        must(not any(unicodedata.category(char) == "Cc" for char in text))
        return NAMES[number], text
    if number in (5, 11):
        key, equals, rest = value.partition(b"=")
        must(key and len(value) <= 255 and all(0x20 <= byte <= 0x7E for byte in key))
        return NAMES[number], key.decode() + equals.decode() + rest.hex()
    if number == 4:
        must(len(value) >= 3)
        family, port = struct.unpack_from(">BH", value)
        length = {0: 0, 4: 4, 6: 16}.get(family)
        if length is None:
            return None
        must(len(value) == 3 + length)
        return "endpoint", f"{value[3:].hex() or 'own'} {port}"
    if number == 6:
        must(len(value) >= 1 and value[0] != 0)
        length = {4: 4, 6: 16}.get(value[0])
        if length is None:
            return None
        must(len(value) == 1 + length)
        return "origin", value[1:].hex()
    if number == 7:
        must(len(value) == 8)
        return "epoch", "%d %d" % struct.unpack(">II", value)
    if number == 12:
        must(len(value) == 8)
        return "digest", value.hex()
    if number == 13:
        must(len(value) % 10 == 0 and 1 <= len(value) // 10 <= 64)
        return "sessions", " ".join("%016x/%d" % item for item in struct.iter_unpack(">QH", value))
    if number == 14:
        must(len(value) >= 1)
        length = {0: 0, 4: 4, 6: 16}.get(value[0])
        if length is None:
            return None
        must(len(value) == 1 + length)
        return "refused", value[1:].hex() or "all"
    return None


# --- encoding: the same list to bytes ---------------------------------------------------------------


def encode(fields, key=None, source=None):
    one = dict(fields)
    kind = {name: number for number, name in TYPES.items()}[one["type"]]
    flags = AUTH if key else 0
    flags |= MREPLY if one.get("multicast_reply") == "yes" else 0
    flags |= WATCH if one.get("watch") == "yes" else 0
    flags |= BUSY if one.get("busy") == "yes" else 0
    if kind == 1:
        index, bits = one["slice"].split(" of 2^")
        bloom = bytes.fromhex(one["filter"])
        estimate = 255 if one["estimate"] == "unknown" else int(one["estimate"])
        block = struct.pack(
            ">HHBBBBIHHQ",
            int(one["round"]),
            int(one["window_ms"]),
            int(bits),
            int(one["sample_bits"]),
            int(one["copies"]),
            estimate,
            int(index),
            len(bloom),
            int(one["max_reply"]),
            int(one["salt"], 16),
        )
        block += bloom
    else:
        whole = one.get("whole", "this")
        block = struct.pack(
            ">QHBBI",
            int(one["id"], 16),
            int(one.get("round", 0)),
            int(one.get("copy", 0)),
            0 if whole == "this" else -(-int(whole) // 8),
            int(one.get("lease_s", 0)),
        )
    for name, value in fields:
        if name in NUMBERS or name.startswith("tlv"):
            number, value = encode_value(name, value)
            block += struct.pack(">BH", number, len(value)) + value
    datagram = MAGIC + b"1" + struct.pack(">BBH", kind, flags, 16 + len(block))
    datagram += bytes.fromhex(one.get("txn", "0" * 16)) + block
    trailer = TRAILER if key else 0
    datagram = datagram.ljust(int(one.get("length", 0)) - trailer, b"\0")
    return key.seal(source, datagram) if key else datagram


def encode_value(name, value):
    number = NUMBERS[name] if name in NUMBERS else int(name[3:])
    if name in ("service", "name", "select_service"):
        return number, value.encode()
    if name in ("attr", "select_attr"):
        attr, equals, rest = value.partition("=")
        return number, (attr + equals).encode() + bytes.fromhex(rest)
    if name == "endpoint":
        address, port = value.split()
        address = bytes.fromhex("" if address == "own" else address)
        return number, struct.pack(">BH", family(address), int(port)) + address
    if name == "origin":
        address = bytes.fromhex(value)
        return number, bytes([family(address)]) + address
    if name == "refused":
        address = bytes.fromhex("" if value == "all" else value)
        return number, bytes([family(address)]) + address
    if name == "epoch":
        return number, struct.pack(">II", *map(int, value.split()))
    if name == "sessions":
        items = (item.split("/") for item in value.split())
        return number, b"".join(struct.pack(">QH", int(txn, 16), int(round_)) for txn, round_ in items)
    return number, bytes.fromhex(value)


def family(address):
    return {0: 0, 4: 4, 16: 6}[len(address)]


# --- the golden vectors ------------------------------------------------------------------------------


def read_vectors(path):
    """Yields (name, datagram, directives, fields)."""
    vector = None
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.startswith("["):
            if vector:
                yield vector
            vector = (line.strip("[]"), bytearray(), {}, [])
        elif line.startswith("= "):
            name, _, value = line[2:].partition(" ")
            vector[3].append((name, value))
        elif line.startswith("@"):
            name, _, value = line[1:].partition(" ")
            vector[2][name] = value
        elif hexes := line.split("#")[0].split():
            if hexes[-1].startswith("x"):
                vector[1].extend(bytes.fromhex(hexes[0]) * int(hexes[1][1:]))
            else:
                vector[1].extend(bytes.fromhex("".join(hexes)))
    yield vector


def check_vectors(folder):
    count = 0
    for path in sorted(folder.glob("*.txt")):
        check = check_hash if path.stem == "hashes" else check_datagram
        for vector in read_vectors(path):
            try:
                check(*vector)
            except (AssertionError, Refused) as error:
                sys.exit(f"{path.name}: [{vector[0]}]: {error or 'differs'}")
            count += 1
    print(f"{count} vectors agree")


def check_datagram(name, datagram, directives, fields):
    datagram = bytes(datagram)
    if "refused" in directives:
        try:
            decode(datagram)
        except Refused as refused:
            assert str(refused) == directives["refused"], f"refused as {refused}"
            return
        raise AssertionError("not refused")
    decoded = decode(datagram)
    assert decoded == fields, f"decoded {decoded}"
    key = source = None
    if "secret" in directives:
        key = Key(bytes.fromhex(directives["secret"]), directives["binding"])
        source = source_bytes(directives["from"])
        assert key.verifies(source, datagram), "tag"
    encoded = encode(fields, key, source)
    assert encoded == datagram, f"encoded {encoded.hex()}"


def check_hash(name, _, directives, fields):
    """Hash vectors have no datagram: `@` lines go in, `=` lines come out."""
    given = {key: value.split() for key, value in directives.items()}
    if "secret" in given:
        key = Key(bytes.fromhex(given["secret"][0]), given["binding"][0])
        assert fields == [("derived", key.key.hex()), ("key_id", key.id.hex())]
        return
    if "tlvs" in given:
        digest = words_digest(int(given["lease_s"][0]), bytes.fromhex("".join(given["tlvs"])))
        assert fields[0] == ("digest", f"{digest:016x}"), f"{digest:016x}"
        identity, source = int(given["id"][0], 16), source_bytes(given["from"][0])
        names = [(kind, f"{name_of(kind, identity, source, digest):016x}") for kind in ("whole", "short")]
        assert fields[1:] == names, names
        return
    txn = int(given["txn"][0], 16)
    if "slice_bits" in given:
        ids = [int(text, 16) for text in given["ids"]]
        bits, sample = int(given["slice_bits"][0]), int(given["sample_bits"][0])
        results = [f"{slice_of(i, txn, bits)} {yes(is_sampled(i, txn, sample))}" for i in ids]
        assert [value for _, value in fields] == results, results
        return
    salt, length = int(given["salt"][0], 16), int(given["filter_len"][0])
    bits = make_filter([int(text, 16) for text in given["names"]], txn, salt, length)
    others = [int(text, 16) for text in given["others"]]
    silenced = " ".join(yes(is_silenced(bits, name, txn, salt)) for name in others)
    assert fields == [("filter", bits.hex()), ("silenced", silenced)], (bits.hex(), silenced)


def main():
    if sys.argv[1:2] == ["vectors"]:
        check_vectors(pathlib.Path(sys.argv[2]))
    elif sys.argv[1:] == ["decode"]:
        for line in sys.stdin:
            try:
                lines = [f"{name} {value}" if value else name for name, value in decode(bytes.fromhex(line))]
            except Refused as refused:
                lines = [f"refused {refused}"]
            sys.stdout.buffer.write("\n".join(lines + ["", ""]).encode())
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
