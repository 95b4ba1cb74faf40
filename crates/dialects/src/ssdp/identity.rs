//! Who it is: the parts of a `USN`.

/// The device of a unique service name: `uuid:…` before `::`, the whole where there is no `::`.
pub(super) fn device(usn: &[u8]) -> &[u8] {
    let end = usn.windows(2).position(|pair| pair == b"::");
    end.map_or(usn, |end| &usn[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_what_stands_before_the_service() {
        for (usn, uuid) in [
            ("uuid:1::upnp:rootdevice", "uuid:1"),
            ("uuid:1", "uuid:1"),
            ("uuid:1::urn:a:b::c", "uuid:1"),
            ("::", ""),
            ("", ""),
        ] {
            assert_eq!(device(usn.as_bytes()), uuid.as_bytes());
        }
    }
}
