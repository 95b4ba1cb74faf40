//! What a run says before it waits.

use std::net::SocketAddr;

use serde::Serialize;

use super::address::Address;
use super::field::Time;

/// Its sockets are open: what is sent to the groups from now on is heard.
#[derive(Debug, Serialize)]
pub(super) struct Ready<'a> {
    event: &'static str,
    time: Time,
    groups: Vec<Address<'a>>,
    interfaces: &'a [&'a str],
    /// The protocols that are spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<&'a [String]>,
}

impl<'a> Ready<'a> {
    pub(super) fn new(
        time: Time,
        groups: &[SocketAddr],
        interfaces: &'a [&'a str],
        asked: Option<&'a [String]>,
    ) -> Ready<'a> {
        let groups = groups.iter().map(|&address| Address { address, interface: None }).collect();
        Ready { event: "ready", time, groups, interfaces, asked }
    }
}
