//! What a scan tells, line by line.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use mcast_tests::netns::Finished;
use serde_json::Value;

use crate::lab::{ELSEWHERE, Station};
use crate::peer::Service;

/// A line of `--json`.
#[track_caller]
pub(crate) fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// What a scan found, in the order of its first telling; each as it was told last.
#[track_caller]
pub(crate) fn told(finished: &Finished) -> Vec<Value> {
    let mut places = BTreeMap::new();
    let mut told: Vec<Value> = Vec::new();
    for event in finished.stdout.lines().map(json) {
        let key = format!("{} {} {}", event["dialect"], event["id"], event["interface"]);
        match event["event"].as_str() {
            Some("found") => {
                assert!(places.insert(key, told.len()).is_none(), "found twice: {event}");
                told.push(event);
            }
            Some("changed") => {
                let place = places.get(&key).unwrap_or_else(|| panic!("never found: {event}"));
                told[*place] = event;
            }
            _ => {}
        }
    }
    told
}

/// Whether this finding is that service of that peer.
pub(crate) fn is(finding: &Value, station: &Station<'_>, service: &Service) -> bool {
    station.said(finding)
        && finding["dialect"] == service.dialect
        && finding["service"] == service.service
        && finding["name"].as_str() == service.name
}

impl Station<'_> {
    /// Whether this finding is of this peer.
    pub(crate) fn said(&self, finding: &Value) -> bool {
        let Some(ip) = at(finding).map(|at| at.ip().to_string()) else { return false };
        // The camera says itself where it is, and that is shown.
        let is_elsewhere = ip == ELSEWHERE && self.peer.name == "wsdiscovery";
        ip == self.address || ip == self.v6 || is_elsewhere
    }
}

/// Its address and port.
pub(crate) fn at(finding: &Value) -> Option<SocketAddr> {
    let addr = finding["addr"].as_str()?;
    // The zone is the card's, whose name no address can hold.
    match addr.split_once('%') {
        Some((ip, rest)) => format!("{ip}{}", &rest[rest.find(']')?..]).parse().ok(),
        None => addr.parse().ok(),
    }
}
