use core::net::SocketAddr;

use super::*;
use crate::Path;

fn ms(n: u64) -> Instant {
    Instant::from_millis(n)
}

fn hear(machine: &mut Listener, at: Instant, cast: Cast) -> Option<Option<SocketAddr>> {
    let from = Path::new(([10, 0, 0, 1], 9).into());
    match machine.handle_datagram(at, Arrival::new(from, cast, false), b"hello")? {
        Action::Emit(Event::Message { from: heard, group, payload: b"hello", .. })
            if heard == from =>
        {
            Some(group)
        }
        other => panic!("{other:?}"),
    }
}

fn done(machine: &mut Listener, at: Instant) -> Summary {
    let Some(Action::Done(summary)) = machine.handle_timeout(at) else { panic!("not done") };
    assert_eq!(machine.deadline(), None);
    summary
}

#[test]
fn it_reports_what_comes_however_it_was_addressed() {
    let mut machine = Listener::new(Listening::default());
    assert_eq!(machine.deadline(), Some(Instant::AT_ONCE));
    assert_eq!(machine.handle_timeout(ms(5)), None);
    assert_eq!(machine.deadline(), None);
    let group = ([224, 1, 1, 1], 50_008).into();
    assert_eq!(hear(&mut machine, ms(6), Cast::Group(group)), Some(Some(group)));
    assert_eq!(hear(&mut machine, ms(6), Cast::Unicast), Some(None));
    assert_eq!(hear(&mut machine, ms(6), Cast::Unknown), Some(None));
    assert_eq!(machine.summary(ms(9)).elapsed, Duration::from_millis(4));
    machine.close(ms(9));
    assert_eq!(hear(&mut machine, ms(9), Cast::Unicast), None);
    assert_eq!(done(&mut machine, ms(9)).received, 3);
}

#[test]
fn it_ends_with_the_last_of_the_count() {
    let mut machine = Listener::new(Listening { count: Some(2), silence: None });
    assert_eq!(machine.handle_timeout(ms(0)), None);
    assert!(hear(&mut machine, ms(1), Cast::Unicast).is_some());
    assert_eq!(machine.deadline(), None);
    assert!(hear(&mut machine, ms(1), Cast::Unicast).is_some());
    assert_eq!(hear(&mut machine, ms(1), Cast::Unicast), None);
    assert_eq!(done(&mut machine, ms(1)).received, 2);
}

#[test]
fn it_ends_when_it_has_been_silent_since_the_start_or_since_the_last() {
    let silence = Some(Duration::from_millis(100));
    let mut machine = Listener::new(Listening { count: None, silence });
    assert_eq!(machine.handle_timeout(ms(5)), None);
    assert_eq!(machine.deadline(), Some(ms(105)));
    assert!(hear(&mut machine, ms(50), Cast::Unicast).is_some());
    assert_eq!(machine.deadline(), Some(ms(150)));
    assert_eq!(machine.handle_timeout(ms(149)), None);
    assert_eq!(done(&mut machine, ms(150)).elapsed, Duration::from_millis(145));
}
