//! A diagnosis as JSON Lines: an object a finding, and one that ends them.

use mcast_doctor::{Finding, Level};
use serde::Serialize;

use super::Diagnosis;
use crate::render::json_line;

#[derive(Serialize)]
struct Found<'a> {
    event: &'static str,
    #[serde(flatten)]
    finding: &'a Finding,
}

#[derive(Serialize)]
struct Done<'a> {
    event: &'static str,
    faults: usize,
    warnings: usize,
    unsure: usize,
    ok: usize,
    interfaces: Vec<&'a str>,
    hosts: usize,
    listened_ms: u64,
    elapsed_ms: Option<f64>,
}

/// All of it.
pub(super) fn all(diagnosis: &Diagnosis) -> Vec<u8> {
    let mut buffer = Vec::new();
    for finding in &diagnosis.findings {
        json_line(&mut buffer, &Found { event: "finding", finding });
    }
    let done = Done {
        event: "done",
        faults: diagnosis.count(Level::Fault),
        warnings: diagnosis.count(Level::Warning),
        unsure: diagnosis.count(Level::Unsure),
        ok: diagnosis.count(Level::Ok),
        interfaces: diagnosis.interfaces(),
        hosts: diagnosis.hosts(),
        listened_ms: diagnosis.facts.signal.listened_ms,
        // To a tenth of a millisecond.
        elapsed_ms: diagnosis.elapsed.map(|it| (it.as_secs_f64() * 10_000.0).round() / 10.0),
    };
    json_line(&mut buffer, &done);
    buffer
}
