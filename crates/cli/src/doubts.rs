//! Why a result may not be the whole, for people: each reason, and what helps against it.

use std::time::Duration;

use mcast_net::Report;
use mcast_proto::{Doubts, Summary};

use crate::render::Plural;

/// How many times the silence that ends a run it may take in all, where no deadline says otherwise: whoever
/// answers as somebody new all the time can't keep it from its end.
pub(crate) const MOST_SILENCES: u32 = 10;

/// What a run was told of its end, by which the reasons for it are explained.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) timeout: Duration,
    pub(crate) deadline: Option<Duration>,
}

/// What is said of a table that is full.
pub(crate) const NO_ROOM: &str = "more answered than there is room to remember (65,536, or 200,000 by \
     --service): ask for fewer, by one --interface, or by --service and --where";

/// Reasons that no time helps against.
const STAYING: [Doubts; 3] = [Doubts::NOT_SENT, Doubts::UNAUDITED, Doubts::CLOSED];

/// The reasons in a sentence, but for those that are no news; `None` where there are no others.
pub(crate) fn explain(report: &Report, but: Doubts, bounds: Bounds) -> Option<String> {
    let is_news = |word: &&str| but.iter().all(|known| known != *word);
    let mut words: Vec<&str> = report.summary.doubts.iter().filter(is_news).collect();
    // First what went wrong, then what ended it.
    words.sort_by_key(|word| ["count", "deadline", "closed"].contains(word));
    let reasons: Vec<String> = words.into_iter().map(|word| reason(word, report, bounds)).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

fn reason(word: &str, report: &Report, bounds: Bounds) -> String {
    let known = match word {
        "not_sent" => {
            "some questions did not leave: is each cable in, and does a firewall here let them out"
        }
        "dropped" if report.kernel_drops > 0 => {
            return format!(
                "{} came faster than they were read and were dropped: a higher net.core.rmem_max, \
                 4194304 at best, makes room for them",
                Plural(report.kernel_drops, "datagram")
            );
        }
        "dropped" => "answers came faster than this program could read: is the machine overloaded",
        "network_changed" => "an interface changed meanwhile: ask again",
        "no_room" => NO_ROOM,
        "refused" => {
            "a responder refuses questions from this address: wait a moment, or raise its --rate"
        }
        "conflict" => "two say different things under one id: give one of them another --id",
        "cut_short" => "a long answer could not be had whole: is the path's MTU below 1228",
        "unheard" => "what is said unasked could not be heard: another program keeps its port",
        "unaudited" => "this system does not tell what became of the questions",
        "count" => "it ended at --count",
        "closed" => "it was interrupted",
        "deadline" => return out_of_time(&report.summary, bounds),
        // A reason that is newer than this list.
        other => other,
    };
    known.into()
}

fn out_of_time(summary: &Summary, Bounds { timeout, deadline }: Bounds) -> String {
    if STAYING.iter().any(|doubt| summary.doubts.contains(*doubt)) {
        return "the time was up".into();
    }
    match deadline {
        Some(deadline) if deadline <= summary.elapsed => {
            "--deadline came first: a longer one may find more".into()
        }
        None if timeout.saturating_mul(MOST_SILENCES) <= summary.elapsed => format!(
            "new answers still came after {MOST_SILENCES} times the --timeout: a --deadline gives it \
             longer"
        ),
        _ => "the time was up: a longer --timeout may find more".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { timeout: Duration::from_secs(3), deadline: None };

    fn told(doubts: Doubts, seconds: u64, bounds: Bounds) -> Option<String> {
        let elapsed = Duration::from_secs(seconds);
        let mut summary = Summary::default();
        (summary.doubts, summary.elapsed) = (doubts, elapsed);
        let report = Report { summary, kernel_drops: 7, ..Report::default() };
        explain(&report, Doubts::CLOSED, bounds)
    }

    #[test]
    fn each_reason_has_its_own_remedy() {
        for (doubts, remedy) in [
            (Doubts::DEADLINE, "--timeout"),
            (Doubts::NOT_SENT, "cable"),
            (Doubts::DROPPED, "7 datagrams came faster"),
            (Doubts::DROPPED, "net.core.rmem_max"),
            (Doubts::NETWORK_CHANGED, "ask again"),
            (Doubts::NO_ROOM, "--interface"),
            (Doubts::REFUSED, "--rate"),
            (Doubts::CONFLICT, "--id"),
            (Doubts::CUT_SHORT, "MTU"),
            (Doubts::UNAUDITED, "this system"),
            (Doubts::COUNT, "--count"),
            (Doubts::UNHEARD, "another program"),
        ] {
            let told = told(doubts, 3, BOUNDS).expect("it is told");
            assert!(told.contains(remedy) && !told.contains("; "), "{doubts}: {told}");
        }
    }

    #[test]
    fn what_is_no_news_is_not_told() {
        assert_eq!(told(Doubts::NONE, 3, BOUNDS), None);
        assert_eq!(told(Doubts::CLOSED, 3, BOUNDS), None);
    }

    #[test]
    fn the_time_is_named_last_and_by_the_option_that_ended_it() {
        let two = told(Doubts::DEADLINE | Doubts::REFUSED, 3, BOUNDS).unwrap();
        assert!(two.starts_with("a responder refuses"), "{two}");
        assert!(two.ends_with("; the time was up: a longer --timeout may find more"), "{two}");
        let deadline = Bounds { deadline: Some(Duration::from_secs(5)), ..BOUNDS };
        assert!(told(Doubts::DEADLINE, 5, deadline).unwrap().starts_with("--deadline came first"));
        assert!(told(Doubts::DEADLINE, 4, deadline).unwrap().contains("longer --timeout"));
        let longest = told(Doubts::DEADLINE, 30, BOUNDS).unwrap();
        assert!(longest.contains("10 times the --timeout: a --deadline"), "{longest}");
        // More time is no remedy for what does not leave.
        let unsent = told(Doubts::DEADLINE | Doubts::NOT_SENT, 3, BOUNDS).unwrap();
        assert!(unsent.ends_with("; the time was up"), "{unsent}");
    }
}
