//! What the lines of results say.

use mcast_tests::netns::{Signal, World};

use crate::{events, respond, run, two_hosts};

#[test]
fn two_seconds_worth_of_answers_may_go_at_once() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let responder = respond(&answerer, "eth0", "--rate 2/5 --json");
    // As the help says of just this rate.
    assert_eq!(run(&asker, "send who -n 10").code, Some(0));
    let seen = responder.line_with("\"answered\":false");
    let finished = responder.stop(Signal::TERM);
    let requests = events(&(seen + "\n" + &finished.stdout), "request");
    let refused = requests.iter().filter(|request| request["answered"] == false).count();
    assert!((4..=6).contains(&refused), "{requests:?}");
    let done = &events(&finished.stdout, "done")[0];
    assert_eq!(done["sent"], 10 - refused, "{done}");
}
