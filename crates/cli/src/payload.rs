//! The bytes of a datagram, from the command line, a file or stdin.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use mcast_proto::plain::MAX_PAYLOAD;

use crate::failure::Failure;
use crate::parse::Hex;

/// Chooses among the ways to give a payload; clap has seen to it that there is one at the most.
pub(crate) fn choose(
    text: Option<&str>,
    hex: Option<&Hex>,
    file: Option<&Path>,
) -> Result<Option<Vec<u8>>, Failure> {
    let bytes = match (text, hex, file) {
        (Some(text), _, _) => text.as_bytes().to_vec(),
        (_, Some(Hex(bytes)), _) => bytes.clone(),
        (_, _, Some(path)) => {
            let name = path.display();
            let file = File::open(path)
                .map_err(|error| Failure::usage(format!("cannot open {name}: {error}")))?;
            return read(file, &name.to_string()).map(Some);
        }
        (None, None, None) => return Ok(None),
    };
    check_length(&bytes)?;
    Ok(Some(bytes))
}

/// Reads a payload to its end, but no more than a datagram can hold.
pub(crate) fn read(source: impl Read, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    source
        .take(MAX_PAYLOAD as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error: io::Error| Failure::usage(format!("cannot read {name}: {error}")))?;
    check_length(&bytes)?;
    Ok(bytes)
}

fn check_length(bytes: &[u8]) -> Result<(), Failure> {
    if bytes.len() <= MAX_PAYLOAD {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "the payload is longer than a datagram can be: {MAX_PAYLOAD} bytes at the most; send it in parts"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_as_long_as_a_datagram_at_the_most() {
        let fits = "x".repeat(MAX_PAYLOAD);
        let too_long = "x".repeat(MAX_PAYLOAD + 1);
        assert_eq!(choose(Some(&fits), None, None).unwrap().unwrap().len(), MAX_PAYLOAD);
        assert!(choose(Some(&too_long), None, None).is_err());
        assert_eq!(read(fits.as_bytes(), "stdin").unwrap().len(), MAX_PAYLOAD);
        assert!(read(too_long.as_bytes(), "stdin").is_err());
        assert!(read(io::repeat(0), "an endless file").is_err());
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = choose(None, None, Some(Path::new("/no/such/file"))).unwrap_err();
        assert!(error.to_string().starts_with("cannot open /no/such/file: "), "{error}");
    }
}
