//! What a scan tells, line by line.

use std::collections::BTreeMap;

use mcast_tests::netns::Finished;
use serde_json::Value;

use crate::lab::Station;
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
        let device = finding["device"].as_str().unwrap_or_default();
        // The zone is the card's.
        let ip = device.split('%').next().unwrap_or_default();
        ip == self.address || ip == self.v6
    }
}

/// The port to connect to.
pub(crate) fn port(finding: &Value) -> Option<u16> {
    finding["endpoint"].as_str()?.rsplit(':').next()?.parse().ok()
}

/// Whether it is told with the port and the text of that service.
pub(crate) fn is_whole(finding: &Value, service: &Service) -> bool {
    port(finding) == Some(service.port)
        && service.txt.iter().all(|(key, value)| finding["txt"][key] == *value)
}
