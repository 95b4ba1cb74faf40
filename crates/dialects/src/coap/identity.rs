//! Who it is: a server has no name but its address and port.

use core::net::SocketAddr;

/// `coap:5683`, to which the address is added where it is told. In place, so that naming one who is known
/// allocates nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id {
    bytes: [u8; 10],
    length: usize,
}

impl Id {
    pub(super) fn of(server: SocketAddr) -> Id {
        let mut id = Id { bytes: *b"coap:\0\0\0\0\0", length: 5 };
        let mut divisor = 10_000;
        while divisor > 0 {
            let digit = (server.port() / divisor % 10) as u8;
            if digit > 0 || id.length > 5 || divisor == 1 {
                id.bytes[id.length] = b'0' + digit;
                id.length += 1;
            }
            divisor /= 10;
        }
        id
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_port() {
        for port in [0, 1, 10, 80, 101, 5_683, 65_535] {
            let id = Id::of(([10, 0, 0, 2], port).into());
            assert_eq!(id.as_bytes(), alloc::format!("coap:{port}").as_bytes());
        }
    }
}
