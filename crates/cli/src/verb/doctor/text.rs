//! A diagnosis for people: a line that sums it up, a block a finding, and a line for what is as it should be.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use mcast_doctor::{Finding, Level};

use super::Diagnosis;
use crate::escape::OneLine;
use crate::render::{Plural, Seconds};

const FAULT: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const UNSURE: Style = AnsiColor::Cyan.on_default();
const OK: Style = AnsiColor::Green.on_default();

/// All of it. Names, and what others said, are in it: every line is made harmless.
pub(super) fn all(diagnosis: &Diagnosis, has_colors: bool) -> String {
    let mut text = format!("{}\n", OneLine(headline(diagnosis)));
    for finding in &diagnosis.findings {
        block(&mut text, finding, has_colors);
    }
    text
}

fn headline(diagnosis: &Diagnosis) -> String {
    let counts = [(Level::Fault, "fault"), (Level::Warning, "warning")];
    let counts = counts.map(|(level, name)| (diagnosis.count(level), name));
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| Plural(*count as u64, name).to_string())
        .collect();
    let counts = match &counts[..] {
        [] => "no fault found".to_owned(),
        counts => counts.join(", "),
    };
    let interfaces = match &diagnosis.interfaces()[..] {
        [] => "no interface".to_owned(),
        interfaces => interfaces.join(", "),
    };
    let time = match diagnosis.elapsed {
        Some(elapsed) => Seconds(elapsed).to_string(),
        None => "facts that were kept".into(),
    };
    let heard = match diagnosis.hosts() {
        0 => "nobody else heard".to_owned(),
        1 => "1 host was the test signal".into(),
        hosts => format!("{hosts} hosts were the test signal"),
    };
    format!("mcast doctor: {counts}   {interfaces} · {time} · {heard}")
}

fn block(text: &mut String, finding: &Finding, has_colors: bool) {
    let (label, style) = match finding.level {
        Level::Fault => ("FAULT", FAULT),
        Level::Warning => ("WARN", WARNING),
        Level::Unsure => ("unsure", UNSURE),
        Level::Ok => ("ok", OK),
    };
    let style = if has_colors { style } else { Style::new() };
    let place = finding.interface.as_ref().map(|it| format!("{it}: ")).unwrap_or_default();
    let line = format!("{place}{}   {}", finding.what, finding.evidence);
    let label = format!("{style}{label}{style:#}{:width$}", "", width = 7 - label.len());
    push(text, &label, line.trim_end());
    if let Some(why) = &finding.why {
        push(text, "       why:    ", why);
    }
    for (nth, remedy) in finding.remedies.iter().enumerate() {
        push(text, if nth == 0 { "       do:     " } else { "       or:     " }, remedy);
    }
    if let Some(decided_by) = &finding.decided_by {
        push(text, "       decide: ", decided_by);
    }
}

fn push(text: &mut String, label: &str, line: &str) {
    writeln!(text, "{label}{}", OneLine(line)).expect("writing to memory does not fail");
}

#[cfg(test)]
mod tests {
    use mcast_doctor::facts::{Interface, Signal};
    use mcast_doctor::{Code, Facts};

    use super::*;

    fn diagnosis(findings: Vec<Finding>) -> Diagnosis {
        let eth0 = Interface { name: "eth0".into(), used: true, ..Interface::default() };
        let facts = Facts { interfaces: vec![eth0], signal: Signal::default(), ..Facts::default() };
        Diagnosis { facts, findings, elapsed: Some(std::time::Duration::from_secs(5)) }
    }

    #[test]
    fn a_finding_is_a_block_and_what_is_well_is_a_line() {
        let fault = Finding::new(Code::NoRoute, Level::Fault, "what", "numbers").on("eth0");
        let fault = fault.why("cause").remedy("first").remedy("second");
        let unsure = Finding::new(Code::Silence, Level::Unsure, "unknown", "").decided_by("that");
        let ok = Finding::new(Code::Echoes, Level::Ok, "well", "3 of 3");
        let told = all(&diagnosis(vec![fault, unsure, ok]), false);
        let expected = "\
mcast doctor: 1 fault   eth0 · 5.0 s · nobody else heard
FAULT  eth0: what   numbers
       why:    cause
       do:     first
       or:     second
unsure unknown
       decide: that
ok     well   3 of 3
";
        assert_eq!(told, expected);
    }

    #[test]
    fn no_name_and_nothing_that_was_said_reaches_the_terminal_as_it_is() {
        let evil = "a\x1b[2J\n\u{202e}b";
        let finding = Finding::new(Code::NoRoute, Level::Fault, evil, evil).on(evil);
        let finding = finding.why(evil).remedy(evil).decided_by(evil);
        let mut diagnosis = diagnosis(vec![finding]);
        diagnosis.facts.interfaces[0].name = evil.into();
        let told = all(&diagnosis, false);
        assert_eq!(told.lines().count(), 5, "{told}");
        assert!(!told.contains(['\x1b', '\u{202e}']), "{told:?}");
    }
}
