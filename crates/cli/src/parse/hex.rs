//! Bytes in hexadecimal.

use std::str::FromStr;

use data_encoding::HEXLOWER_PERMISSIVE;

/// Bytes in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hex(pub(crate) Vec<u8>);

impl FromStr for Hex {
    type Err = String;

    fn from_str(text: &str) -> Result<Hex, String> {
        let digits: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        if let Some(wrong) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
            return Err(format!("{wrong:?} is not a hexadecimal digit; write for example 4d6521"));
        }
        HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map(Hex).map_err(|_| {
            let number = digits.len();
            format!("a byte has two digits, these are {number}; write for example 4d6521")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_takes_pairs_of_digits() {
        assert_eq!("4d6521".parse(), Ok(Hex(b"Me!".to_vec())));
        assert_eq!("4D 65 21".parse(), Ok(Hex(b"Me!".to_vec())));
        assert_eq!("".parse(), Ok(Hex(Vec::new())));
        assert!("4d6".parse::<Hex>().unwrap_err().contains("these are 3"));
        assert!("4g".parse::<Hex>().unwrap_err().contains("'g'"));
        assert!("é1".parse::<Hex>().unwrap_err().contains("'é'"));
    }
}
