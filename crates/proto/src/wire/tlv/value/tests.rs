use alloc::string::String;

use super::*;
use crate::wire::{SessionsBuf, TlvBuf};

/// Each as it is said and as it is on the wire, without type and length.
#[test]
fn values_are_as_the_page_says() {
    let mut sessions = SessionsBuf::new();
    sessions.push(0x0102_0304_0506_0708, 0x090a);
    let v4: IpAddr = [192, 0, 2, 7].into();
    let v6: IpAddr = [0x2001, 0xdb8, 0, 0, 0, 0, 0, 7].into();
    let v6_bytes = *b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07";
    let longest = "x".repeat(255);
    let endpoint = |address| Tlv::Endpoint(Endpoint { address, port: 0x0277 });
    let attr = |value| Attr { key: "a b~", value };
    let cases: [(u8, Tlv<'_>, &[u8]); 24] = [
        (1, Tlv::Payload(b"\0\xff"), b"\0\xff"),
        (1, Tlv::Payload(b""), b""),
        (2, Tlv::Service("printer"), b"printer"),
        (2, Tlv::Service(&longest), longest.as_bytes()),
        (3, Tlv::Name("Gr\u{f6}\u{df}e"), b"Gr\xc3\xb6\xc3\x9fe"),
        (4, endpoint(None), &[0, 2, 0x77]),
        (4, endpoint(Some(v4)), &[4, 2, 0x77, 192, 0, 2, 7]),
        (4, endpoint(Some(v6)), &[&[6, 2, 0x77][..], &v6_bytes].concat()),
        (5, Tlv::Attr(attr(None)), b"a b~"),
        (5, Tlv::Attr(attr(Some(b""))), b"a b~="),
        (5, Tlv::Attr(attr(Some(b"=\0\xff"))), b"a b~==\0\xff"),
        (6, Tlv::Origin(v4), &[4, 192, 0, 2, 7]),
        (6, Tlv::Origin(v6), &[&[6][..], &v6_bytes].concat()),
        (7, Tlv::Epoch(Epoch { boot: 0x01020304, seq: 0x05060708 }), &[1, 2, 3, 4, 5, 6, 7, 8]),
        (8, Tlv::Cbor(b"\xa0"), b"\xa0"),
        (9, Tlv::Unknown { number: 9, value: b"?" }, b"?"),
        (10, Tlv::SelectService("fax"), b"fax"),
        (11, Tlv::SelectAttr(attr(Some(b"1"))), b"a b~=1"),
        (12, Tlv::Digest(0x0102_0304_0506_0708), &[1, 2, 3, 4, 5, 6, 7, 8]),
        (13, Tlv::Sessions(sessions.as_sessions()), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (14, Tlv::Refused(None), &[0]),
        (14, Tlv::Refused(Some(v4)), &[4, 192, 0, 2, 7]),
        (14, Tlv::Refused(Some(v6)), &[&[6][..], &v6_bytes].concat()),
        (15, Tlv::Unknown { number: 15, value: b"" }, b""),
    ];
    for (number, tlv, value) in cases {
        assert_eq!(tlv.value_len(), value.len(), "{tlv:?}");
        let mut buf = TlvBuf::new();
        buf.push(tlv).unwrap();
        let bytes = [&[number, 0, value.len() as u8], value].concat();
        assert_eq!(buf.as_tlvs().as_bytes(), bytes, "{tlv:?}");
        assert_eq!(Tlv::decode(number, value), Ok(tlv));
    }
    for (number, value) in [(4, &[9, 2, 0x77, 1][..]), (6, &[9, 1]), (14, &[9]), (14, &[5, 1])] {
        assert_eq!(Tlv::decode(number, value), Ok(Tlv::Unknown { number, value }));
    }
    let mut long = TlvBuf::new();
    long.push(Tlv::Payload(&[7; 0x0123])).unwrap();
    assert_eq!(long.as_tlvs().as_bytes()[..4], [1, 0x01, 0x23, 7]);
}

#[test]
fn what_breaks_the_rules_of_its_type_is_refused() {
    let long = [b'a'; 256];
    let bad: [(u8, &[u8]); 37] = [
        (2, b""),
        (2, b"a\nb"),
        (2, b"\x7f"),
        (2, &long),
        (3, b""),
        (3, b"\x1b[31m"),
        (3, "\u{9b}31m".as_bytes()),
        (3, b"\xff"),
        (3, &long),
        (4, &[]),
        (4, &[0, 0]),
        (4, &[4, 0, 80]),
        (4, &[4, 0, 80, 1, 2, 3]),
        (4, &[4, 0, 80, 1, 2, 3, 4, 5]),
        (4, &[6, 0, 80, 1, 2, 3, 4]),
        (4, &[0, 0, 80, 1]),
        (5, b""),
        (5, b"=value"),
        (5, b"k\xc3\xa4se=1"),
        (5, b"a\x1f=1"),
        (5, b"a\x7f=1"),
        (5, &long),
        (6, &[]),
        (6, &[0]),
        (6, &[4, 1, 2, 3]),
        (6, &[6, 1, 2, 3, 4]),
        (7, &[0; 7]),
        (7, &[0; 9]),
        (10, b""),
        (11, b""),
        (12, &[0; 7]),
        (12, &[0; 9]),
        (13, &[]),
        (13, &[0; 11]),
        (14, &[]),
        (14, &[0, 1]),
        (14, &[4, 1, 2, 3]),
    ];
    for (number, value) in bad {
        let refused = Err(DecodeError::TlvValue(number));
        assert_eq!(Tlv::decode(number, value), refused, "{value:02x?}");
    }
    let longest: String = "a".repeat(255);
    assert!(Tlv::decode(5, longest.as_bytes()).is_ok());
}

#[test]
fn an_epoch_is_later_by_its_boot_first() {
    let epochs = [(1, 2), (1, 3), (2, 0)].map(|(boot, seq)| Epoch { boot, seq });
    assert!(epochs.is_sorted() && epochs[1] < epochs[2]);
}
