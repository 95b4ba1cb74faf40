//! Offers of any length.

use mcast_proto::service::Offer;

/// An offer of a service with so many bytes of attributes: what a printer says in DNS-SD is some 200,
/// and 1000 hardly fit a datagram.
///
/// # Panics
/// If the service's name is not valid, for a single byte, or if the offer fits no datagram.
pub fn offer_with(service: &str, attribute_bytes: usize) -> Offer {
    let attributes = attribute_bytes.div_ceil(100);
    let offer = Offer::new(service).expect("a valid name");
    (0..attributes).fold(offer, |offer, number| {
        let end_of = |number| attribute_bytes * number / attributes;
        let length = end_of(number + 1) - end_of(number);
        let key = char::from(b'a' + number as u8).to_string();
        let value = vec![b'x'; length - "a=".len()];
        offer.attr(&key, &value).expect("it fits a datagram")
    })
}

#[cfg(test)]
mod tests {
    use mcast_proto::wire::Tlv;

    use super::*;

    #[test]
    fn it_has_as_many_bytes_as_were_asked_for() {
        for bytes in [0, 2, 100, 101, 200, 1000] {
            let length = |tlv| match tlv {
                Tlv::Attr(attr) => attr.key.len() + 1 + attr.value.map_or(0, <[u8]>::len),
                _ => 0,
            };
            let offer = offer_with("printer", bytes);
            assert_eq!(offer.tlvs().iter().map(length).sum::<usize>(), bytes);
        }
    }
}
