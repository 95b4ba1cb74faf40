use alloc::boxed::Box;

use super::*;
use crate::{Cast, Path};

fn ms(n: u64) -> Instant {
    Instant::from_millis(n)
}

fn sender(count: Option<u64>, every: u64) -> Sender {
    Sender::new(Sending { payload: b"hello".to_vec(), count, every: Duration::from_millis(every) })
}

/// It sends at that moment, and not before.
fn sends(machine: &mut Sender, due: Instant, at: Instant) {
    assert_eq!(machine.deadline(), Some(due));
    let sent = machine.handle_timeout(at);
    let message = Message::Plain(b"hello");
    assert_eq!(sent, Some(Action::Send { to: Destination::GROUP, message }));
}

#[test]
fn it_keeps_its_pace_though_a_call_comes_late_and_ends_with_the_last() {
    let mut machine = sender(Some(3), 10);
    sends(&mut machine, Instant::AT_ONCE, ms(5));
    assert_eq!(machine.handle_timeout(ms(14)), None);
    sends(&mut machine, ms(15), ms(22));
    sends(&mut machine, ms(25), ms(25));
    assert_eq!(machine.deadline(), Some(Instant::AT_ONCE));
    let Some(Action::Done(summary)) = machine.handle_timeout(ms(25)) else { panic!("not done") };
    assert_eq!((summary.sent, summary.elapsed), (3, Duration::from_millis(20)));
    assert_eq!(machine.deadline(), None);
}

#[test]
fn in_a_box_it_has_the_same_deadlines() {
    let mut boxed: Box<dyn Machine> = Box::new(sender(Some(1), 10));
    assert_eq!(boxed.deadline(), Some(Instant::AT_ONCE));
    assert!(matches!(boxed.handle_timeout(ms(5)), Some(Action::Send { .. })));
    assert!(matches!(boxed.handle_timeout(ms(5)), Some(Action::Done(_))));
    assert_eq!(boxed.deadline(), None);
}

#[test]
fn so_many_at_once_or_without_end_a_millisecond_apart_at_the_least() {
    let mut machine = sender(Some(2), 0);
    sends(&mut machine, Instant::AT_ONCE, ms(5));
    sends(&mut machine, ms(5), ms(5));
    let mut machine = sender(None, 0);
    sends(&mut machine, Instant::AT_ONCE, ms(5));
    sends(&mut machine, ms(6), ms(6));
    let mut machine = sender(Some(0), 0);
    assert!(matches!(machine.handle_timeout(ms(5)), Some(Action::Done(_))));
}

#[test]
fn by_default_an_empty_datagram_is_sent_once() {
    let mut machine = Sender::new(Sending::default());
    let sent = machine.handle_timeout(ms(0));
    assert!(matches!(sent, Some(Action::Send { message: Message::Plain(b""), .. })), "{sent:?}");
    assert!(matches!(machine.handle_timeout(ms(0)), Some(Action::Done(_))));
}

#[test]
fn it_hears_nothing_and_ends_when_closed() {
    let mut machine = sender(None, 10);
    sends(&mut machine, Instant::AT_ONCE, ms(5));
    let arrival = Arrival::new(Path::new(([10, 0, 0, 1], 9).into()), Cast::Unicast, true);
    assert_eq!(machine.handle_datagram(ms(6), arrival, b"hello"), None);
    machine.close(ms(7));
    let Some(Action::Done(_)) = machine.handle_timeout(ms(7)) else { panic!("not done") };
    let summary = machine.summary(ms(8));
    assert_eq!((summary.sent, summary.ignored, summary.received), (1, 1, 0));
    assert_eq!(summary.elapsed, Duration::from_millis(3));
}
