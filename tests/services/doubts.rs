//! Why a result is not the whole: each reason is told as a word, for programs, and with what helps against
//! it, for people.

use mcast_tests::netns::{Finished, Signal, World};
use serde_json::json;

use crate::{asker_and_printer, done, events, host, mcast, run};

/// Asserts that this is among the reasons, and said with its remedy.
#[track_caller]
pub(crate) fn assert_doubted(finished: &Finished, word: &str, remedy: &str) {
    let done = done(finished);
    let reasons = done["incomplete_because"].as_array().expect("a list");
    assert!(done["complete"] != true && reasons.contains(&word.into()), "{done}");
    assert!(finished.stderr.contains(remedy), "{done}: {}", finished.stderr);
}

#[test]
fn a_whole_result_has_no_reason_for_doubt() {
    let Some(world) = World::new() else { return };
    let (asker, _printer, _responder) = asker_and_printer(&world, "");
    let finished = run(&asker, "discover --service printer --json");
    let done = done(&finished);
    assert_eq!(done["complete"], true, "{done}");
    assert_eq!((&done["incomplete_because"], &done["not_asked"]), (&json!([]), &json!([])));
    assert!(finished.stderr.ends_with("; complete: nobody else answers\n"), "{}", finished.stderr);
}

#[test]
fn time_that_is_too_short_is_named_by_its_option() {
    let Some(world) = World::new() else { return };
    let (asker, _printer, _responder) = asker_and_printer(&world, "");
    // Thorough: it takes more than a second.
    let discover = "discover --service printer --effort thorough --json";
    let finished = run(&asker, &format!("{discover} -t 300ms"));
    assert_doubted(&finished, "deadline", "a longer --timeout may find more");
    let finished = run(&asker, &format!("{discover} --deadline 300ms"));
    assert_doubted(&finished, "deadline", "--deadline came first");
}

#[test]
fn who_wants_no_more_is_told_that_there_may_be() {
    let Some(world) = World::new() else { return };
    let (asker, _printer, _responder) = asker_and_printer(&world, "");
    let finished = run(&asker, "discover --service printer --json -n 1");
    assert_doubted(&finished, "count", "not complete: it ended at --count");

    let interrupted = mcast(&asker, "discover --service printer --json --effort thorough");
    interrupted.line_with("\"found\"");
    let finished = interrupted.stop(Signal::INT);
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert_doubted(&finished, "closed", "not complete: it was interrupted");
}

#[test]
fn an_address_that_comes_and_goes_is_told() {
    let Some(world) = World::new() else { return };
    let (asker, _printer, _responder) = asker_and_printer(&world, "");
    let flap = "for i in $(seq 3000); do ip addr add 10.9.9.9/24 dev eth0; \
                ip addr del 10.9.9.9/24 dev eth0; done";
    let _flapping = asker.start("sh", ["-c", flap]);
    let finished = run(&asker, "discover --service printer --json -t 1s");
    assert_doubted(&finished, "network_changed", "an interface changed meanwhile");
}

#[test]
fn datagrams_that_were_dropped_unread_are_told() {
    let Some(world) = World::new() else { return };
    let (asker, printer, _responder) = asker_and_printer(&world, "");
    // Damaged ones, which the system drops as late as those for which there is no room.
    let _damaged = printer.peer("damaged.py", &["10.0.0.2", "10.0.0.1:4242", "500", "10000"]);
    let words = "discover --service printer --json --source-port 4242 -t 1s";
    let finished = run(&asker, words);
    assert!(done(&finished)["kernel_drops"].as_u64() > Some(0), "{finished:?}");
    assert_doubted(&finished, "dropped", "net.core.rmem_max");
    // Once, and not in other words again.
    assert_eq!(finished.stderr.matches("rmem_max").count(), 1, "{}", finished.stderr);
}

#[test]
fn a_responder_that_refuses_is_told() {
    let Some(world) = World::new() else { return };
    let (asker, _printer, _responder) = asker_and_printer(&world, "--rate 1/1");
    // Others at the asker's address have used up what it gives.
    let _others = asker.peer("structured.py", &["flood", "10.0.0.1", "200", "10000"]);
    let finished = run(&asker, "discover --service printer --json -t 1s");
    assert_doubted(&finished, "refused", "raise its --rate");
}

#[test]
fn a_long_answer_that_the_path_is_too_narrow_for_is_told_in_part() {
    let Some(world) = World::with_nft() else { return };
    let note = "x".repeat(240);
    let words = (0..3).map(|number| format!(" --txt note{number}={note}")).collect::<String>();
    let (asker, printer, _responder) = asker_and_printer(&world, &words);
    for host in [&asker, &printer] {
        host.nft(
            "table netdev narrow { chain in {\n\
             type filter hook ingress device eth0 priority 0;\n\
             meta protocol ip ip length > 600 drop\n}\n}",
        );
    }
    let finished = run(&asker, "discover --service printer --json");
    assert_doubted(&finished, "cut_short", "is the path's MTU below 1228");
    let found = events(&finished.stdout, "found");
    assert_eq!((found.len(), &found[0]["truncated"]), (1, &true.into()), "{found:?}");
    let finished = run(&asker, "discover --service printer");
    assert!(finished.stdout.contains("(and more that it did not get to say)"), "{finished:?}");
    assert!(finished.stdout.starts_with("10.0.0.2"), "{finished:?}");
}

/// A host's answers, so many a second: more than there is room to remember, though a fifth be dropped on a busy
/// machine.
const MORE: [&str; 3] = ["10.0.0.2", "82000", "10000"];

#[test]
fn more_than_there_is_room_for_is_told() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, crowd] = [1, 2].map(|number| host(&world, &lan, number));
    let crowd = crowd.peer("many.py", &MORE);
    crowd.line_with("ready");
    let finished = run(&asker, "discover --json -t 2s");
    assert_doubted(&finished, "no_room", "more answered than there is room to remember (65,536");
    assert_eq!(done(&finished)["complete"], serde_json::Value::Null);
}

/// The interface is named, and keeps the others from nothing.
#[test]
fn a_card_that_lets_no_question_out_is_named() {
    let Some(world) = World::with_nft() else { return };
    let (asker, _printer, _responder) = asker_and_printer(&world, "");
    let far = world.segment();
    asker.card("eth1", &far, &["10.0.1.1/24"]);
    asker.nft(
        "table ip guard { chain out {\n\
         type filter hook output priority 0;\n\
         oif eth1 drop\n}\n}",
    );
    let finished = run(&asker, "discover --service printer --json");
    let done = done(&finished);
    assert_eq!((&done["complete"], &done["incomplete_because"]), (&true.into(), &json!([])));
    let not_asked = done["not_asked"].as_array().expect("a list");
    assert_eq!(not_asked.len(), 1, "{done}");
    assert_eq!((&not_asked[0]["name"], &not_asked[0]["family"]), (&"eth1".into(), &"ipv4".into()));
    let said = "complete but for eth1 over IPv4, where no question left: nobody else answers";
    assert!(finished.stderr.contains(said), "{}", finished.stderr);
}

#[test]
fn a_host_that_answers_as_somebody_new_all_the_time_keeps_nobody_from_the_end() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, liar] = [1, 2].map(|number| host(&world, &lan, number));
    let inventor = liar.peer("structured.py", &["become", "10.0.0.2"]);
    inventor.line_with("ready");
    let finished = run(&asker, "discover --service * --json -t 200ms");
    assert_doubted(&finished, "deadline", "after 10 times the --timeout");
}

#[test]
fn a_watch_whose_room_is_used_up_says_so_at_once_and_once() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, crowd] = [1, 2].map(|number| host(&world, &lan, number));
    let crowd = crowd.peer("many.py", &MORE);
    crowd.line_with("ready");
    let watcher = mcast(&asker, "discover --watch --json");
    watcher.error_line_with("there is room to remember");
    let finished = watcher.stop(Signal::INT);
    assert!(!finished.stderr.contains("from now on"), "{finished:?}");
    assert_doubted(&finished, "no_room", "there may be more: more answered than there is room");
}
