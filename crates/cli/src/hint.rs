//! What `mcast doctor` would say where nobody was found, as far as that is known in a moment.

use std::time::Duration;

use mcast_doctor::probe::Conduct;
use mcast_doctor::{Code, Finding, Level, glance, verdict};
use mcast_net::Settings;
use mcast_net::clock::Clock;

/// Nobody waits longer for the end of a run. What comes back to ourselves does so within the call that sends
/// it, as a rule.
const MOMENT: Duration = Duration::from_millis(120);

/// The one finding, in words; `None` where all that can be known in a moment is as it should be.
///
/// It sends three datagrams to this machine itself, which do not leave it.
pub(crate) fn of_silence(settings: &Settings) -> Option<String> {
    let clock = Clock::new();
    let end = clock.now() + MOMENT;
    let is_over = || clock.now() >= end;
    let mut progress = |_: &str| {};
    let facts = glance(settings, &mut Conduct::new(&mut progress, &is_over));
    let facts =
        facts.inspect_err(|error| log::debug!("cannot look for the reason: {error}")).ok()?;
    verdict::findings(&facts).iter().find(|it| is_worth_a_word(it)).map(told)
}

/// Whether it is a fault that a verb does not tell of by itself.
fn is_worth_a_word(finding: &Finding) -> bool {
    finding.level == Level::Fault
        && matches!(
            finding.code,
            Code::FirewallInput
                | Code::FirewallOutput
                | Code::MembershipLimit
                | Code::MembershipMissing
                | Code::Echoes
        )
}

fn told(finding: &Finding) -> String {
    let place = finding.interface.as_ref().map(|it| format!("{it}: ")).unwrap_or_default();
    format!("{place}{} ({}); mcast doctor says more", finding.what, finding.evidence)
}
