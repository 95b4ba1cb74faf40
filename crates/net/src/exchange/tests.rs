use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use super::*;

fn loopback() -> InterfaceId {
    let all = interfaces().expect("a list");
    InterfaceId(all.iter().find(|it| it.loopback).expect("a loopback").index)
}

/// Asks a host of the loopback that does this with its connection.
fn ask(
    within: Duration,
    is_whole: impl FnMut(&[u8]) -> bool,
    act: impl FnOnce(TcpStream) + Send + 'static,
) -> Result<Vec<u8>, Unanswered> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let host = listener.local_addr().expect("an address");
    let server = thread::spawn(move || act(listener.accept().expect("a connection").0));
    let bounds = Bounds { longest: 1000, within };
    let answer = exchange(host, loopback(), b"question", bounds, is_whole);
    server.join().expect("a server");
    answer
}

const LONG: Duration = Duration::from_secs(30);

#[test]
fn the_answer_is_what_comes_until_the_end() {
    let answer = ask(
        LONG,
        |_| false,
        |mut stream| {
            let mut question = [0; 8];
            stream.read_exact(&mut question).expect("a question");
            assert_eq!(&question, b"question");
            stream.write_all(b"answer").expect("a reader");
        },
    );
    assert_eq!(answer.expect("an answer"), b"answer");
}

#[test]
fn nobody_waits_for_more_than_there_is() {
    let answer = ask(
        LONG,
        |answer| answer.ends_with(b"."),
        move |mut stream| {
            stream.write_all(b"answer.").expect("a reader");
            // Until the asker has gone: its end comes after the question.
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest);
        },
    );
    assert_eq!(answer.expect("an answer"), b"answer.");
}

#[test]
fn an_answer_without_end_is_given_up() {
    let answer = ask(LONG, |_| false, |mut stream| while stream.write_all(&[b'a'; 512]).is_ok() {});
    assert!(matches!(answer, Err(Unanswered::TooLong)), "{answer:?}");
}

#[test]
fn one_that_drips_is_given_up_in_time() {
    let within = Duration::from_millis(300);
    let clock = Clock::new();
    let answer = ask(
        within,
        |_| false,
        |mut stream| {
            while stream.write_all(b"a").is_ok() {
                thread::sleep(Duration::from_millis(10));
            }
        },
    );
    assert!(matches!(answer, Err(Unanswered::Late)), "{answer:?}");
    assert!(clock.now() - Instant::ZERO >= within);
}

#[test]
fn nobody_beyond_the_link_is_asked() {
    let bounds = Bounds { longest: 1000, within: LONG };
    let far = SocketAddr::from(([192, 0, 2, 1], 80));
    let answer = exchange(far, loopback(), b"", bounds, |_| false);
    assert!(matches!(answer, Err(Unanswered::OffLink)), "{answer:?}");
    let none = exchange(far, InterfaceId(u32::MAX), b"", bounds, |_| false);
    assert!(matches!(none, Err(Unanswered::OffLink)), "{none:?}");
}
