//! What a device says of itself at its URL, as it is told.

use std::fmt::{self, Display};

use mcast_dialects::describe::Description;
use serde::Serialize;

use super::address::{Address, Host};
use super::field::{Time, Word};
use crate::describing::{self, Page, Reason};
use crate::escape::Escaped;

/// A device's description, or why there is none.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Described<'a> {
    pub(super) time: Time,
    pub(super) device: Host<'a>,
    pub(super) interface: Option<&'a str>,
    pub(super) url: &'a str,
    pub(super) name: Option<&'a str>,
    pub(super) manufacturer: Option<&'a str>,
    pub(super) model: Option<&'a str>,
    pub(super) udn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Word<Reason>>,
    pub(super) dialect: &'static str,
}

impl<'a> Described<'a> {
    pub(super) fn of(described: &'a describing::Described, time: Time) -> Described<'a> {
        let Page { from, interface, url, .. } = &described.page;
        let interface = interface.as_deref();
        let said = described.said.as_ref();
        let field =
            |of: fn(&Description) -> &Option<String>| said.ok().and_then(|it| of(it).as_deref());
        Described {
            time,
            device: Host(Address { address: *from, interface }),
            interface,
            url,
            name: field(|it| &it.name),
            manufacturer: field(|it| &it.manufacturer),
            model: field(|it| &it.model),
            udn: field(|it| &it.udn),
            error: said.err().copied().map(Word),
            dialect: "ssdp",
        }
    }
}

/// In words: name, maker and model, as far as it says them.
impl Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = self.error {
            return write!(f, "no description at {}: {why}", Escaped(self.url.as_bytes()));
        }
        let name = self.name.unwrap_or("-");
        write!(f, "{}", Escaped(name.as_bytes()))?;
        for (word, text) in [("by", self.manufacturer), ("model", self.model)] {
            if let Some(text) = text {
                write!(f, ", {word} {}", Escaped(text.as_bytes()))?;
            }
        }
        Ok(())
    }
}
