//! Runs as streams, under tokio and under smol, on the loopback interface.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::time::Duration;

use mcast_net::{Driver, Ended, Endpoint, EventStream, Settings};
use mcast_proto::plain::{Listener, Listening};
use mcast_proto::service::{Discoverer, Discovery, Offer, Responder, Responding, Watcher};
use mcast_proto::wire::{self, Datagram};
use mcast_proto::{Event, Machine};
use socket2::{Domain, Socket, Type};

mod own_group;
use own_group::settings;

fn responder(settings: &Settings, name: &str) -> Driver<Responder> {
    let machine = Responder::new(Responding::of(offer(name)), mcast_net::seed());
    Driver::new(machine, Endpoint::peer(settings).unwrap())
}

fn offer(name: &str) -> Offer {
    Offer::new("printer").unwrap().name(name).unwrap().port(631).unwrap()
}

fn discoverer(settings: &Settings) -> Driver<Discoverer> {
    let deadline = Some(Duration::from_secs(30));
    let discovery = Discovery { deadline, ..Discovery::of("printer").unwrap() };
    let machine = Discoverer::new(discovery, mcast_net::seed());
    Driver::new(machine, Endpoint::asking_peer(settings).unwrap())
}

fn watcher(settings: &Settings) -> Driver<Watcher> {
    let machine = Watcher::new(Discovery::of("printer").unwrap(), mcast_net::seed());
    Driver::new(machine, Endpoint::peer(settings).unwrap())
}

/// Runs a test under tokio, in one thread.
fn under_tokio<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// Takes what a stream tells until one is what is waited for.
async fn until<M: Machine, T>(
    events: &mut EventStream<M>,
    is_it: impl Fn(Event<'_>) -> Option<T>,
) -> T {
    loop {
        let heard = events.next().await.expect("it goes on");
        if let Some(it) = is_it(heard.as_heard().event) {
            return it;
        }
    }
}

fn found(event: Event<'_>) -> Option<String> {
    match event {
        Event::Found(service) => service.name().map(Into::into),
        _ => None,
    }
}

async fn names(mut events: EventStream<Discoverer>) -> (BTreeSet<String>, bool) {
    let mut names = BTreeSet::new();
    while let Some(heard) = events.next().await {
        names.extend(found(heard.as_heard().event));
    }
    let summary = events.close().await.unwrap().summary;
    (names, summary.complete == Some(true))
}

#[test]
fn under_tokio_all_run_in_one_thread_and_all_are_found() {
    let settings = settings();
    under_tokio(async {
        let local = tokio::task::LocalSet::new();
        let expected: BTreeSet<String> = (0..10).map(|number| format!("lab-{number}")).collect();
        for name in &expected {
            let mut offered = responder(&settings, name).into_tokio().unwrap();
            local.spawn_local(async move { while offered.next().await.is_some() {} });
        }
        let found = names(discoverer(&settings).into_tokio().unwrap());
        assert_eq!(local.run_until(found).await, (expected, true));
    });
}

#[test]
fn under_smol_all_run_in_one_thread_and_all_are_found() {
    let settings = settings();
    let executor = smol::LocalExecutor::new();
    let expected: BTreeSet<String> = (0..10).map(|number| format!("lab-{number}")).collect();
    for name in &expected {
        let mut offered = responder(&settings, name).into_async_io().unwrap();
        executor.spawn(async move { while offered.next().await.is_some() {} }).detach();
    }
    let found = executor.run(names(discoverer(&settings).into_async_io().unwrap()));
    assert_eq!(smol::block_on(found), (expected, true));
}

#[test]
fn a_stream_is_a_stream() {
    let settings = settings();
    let _offered = responder(&settings, "lab-3").into_events().unwrap();
    let events = discoverer(&settings).into_async_io().unwrap();
    let all: Vec<_> = smol::block_on(smol::stream::StreamExt::collect(events));
    assert_eq!(all.len(), 1);
}

#[test]
fn what_a_handle_changes_others_hear_of_at_once() {
    let settings = settings();
    under_tokio(async {
        let mut offered = responder(&settings, "lab-3").into_tokio().unwrap();
        let mut watched = watcher(&settings).into_tokio().unwrap();
        let handle = offered.handle();
        let offering = async { while offered.next().await.is_some() {} };
        let watching = async {
            assert_eq!(until(&mut watched, found).await, "lab-3");
            let other = std::thread::spawn(move || {
                let offer = offer("lab-3").attr("color", b"yes").unwrap();
                handle.change(|responder, now| responder.update(now, offer)).unwrap();
                handle
            });
            until(&mut watched, |event| match event {
                Event::Changed { finding, .. } => {
                    finding.attrs().next().map(|attr| assert_eq!(attr.key, "color"))
                }
                _ => None,
            })
            .await;
            other.join().unwrap().stop();
        };
        // The one ends by the handle.
        tokio::join!(offering, watching);
        let handle = offered.handle();
        assert_eq!(handle.change(|_, _| unreachable!("it is over")), Err(Ended));
        assert!(offered.next().await.is_none());
        assert!(offered.close().await.unwrap().summary.sent > 0);
    });
}

/// What hears a group beside all others.
fn eavesdropper(settings: &Settings) -> UdpSocket {
    let group = settings.groups[0];
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&group.into()).unwrap();
    let socket = UdpSocket::from(socket);
    let std::net::IpAddr::V4(ip) = group.ip() else { unreachable!("it is IPv4") };
    socket.join_multicast_v4(&ip, &std::net::Ipv4Addr::LOCALHOST).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// How many goodbyes have come. What was sent on the loopback is there when the sending returns.
fn goodbyes(socket: &UdpSocket) -> usize {
    let mut bytes = [0; 2048];
    std::iter::from_fn(|| socket.recv(&mut bytes).ok().map(|len| bytes[..len].to_vec()))
        .filter(|bytes| matches!(wire::decode(bytes), Ok(Datagram::Goodbye(_))))
        .count()
}

#[test]
fn closing_says_goodbye_twice_and_dropping_once_without_waiting() {
    let settings = settings();
    let ear = eavesdropper(&settings);
    under_tokio(async {
        for closes in [true, false] {
            let mut offered = responder(&settings, "lab-3").into_tokio().unwrap();
            let heard = names(discoverer(&settings).into_tokio().unwrap());
            let offering = async { while offered.next().await.is_some() {} };
            tokio::select! {
                () = offering => unreachable!("it goes on"),
                (names, _) = heard => assert_eq!(names.len(), 1),
            }
            assert_eq!(goodbyes(&ear), 0);
            if closes {
                offered.close().await.unwrap();
                assert_eq!(goodbyes(&ear), 2);
            } else {
                drop(offered);
                assert_eq!(goodbyes(&ear), 1);
            }
        }
    });
}

#[test]
fn a_wait_that_is_given_up_loses_nothing() {
    let settings = settings();
    let expected: BTreeSet<String> = (0..20).map(|number| format!("lab-{number}")).collect();
    let _offered: Vec<_> =
        expected.iter().map(|name| responder(&settings, name).into_events().unwrap()).collect();
    under_tokio(async {
        let mut events = discoverer(&settings).into_tokio().unwrap();
        let mut names = BTreeSet::new();
        loop {
            // Others are always ready, so that it is polled once each time.
            tokio::select! {
                biased;
                heard = events.next() => match heard {
                    Some(heard) => names.extend(found(heard.as_heard().event)),
                    None => break,
                },
                () = tokio::task::yield_now() => {}
            }
        }
        assert_eq!(names, expected);
    });
}

/// A stream that hears a group, and so many datagrams that wait for it.
fn many_waiting<T>(open: impl FnOnce(Driver<Listener>) -> T, count: usize) -> T {
    let settings = settings();
    let machine = Listener::new(Listening::default());
    let events = open(Driver::open(machine, &settings).unwrap());
    let sender = UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket2::SockRef::from(&sender).set_multicast_if_v4(&std::net::Ipv4Addr::LOCALHOST).unwrap();
    (0..count).for_each(|_| assert_eq!(sender.send_to(b"x", settings.groups[0]).unwrap(), 1));
    events
}

async fn take(mut events: EventStream<Listener>, count: usize) -> bool {
    for _ in 0..count {
        assert!(events.next().await.is_some());
    }
    true
}

#[test]
fn of_many_that_have_come_at_once_all_are_told_though_nothing_comes_after_them() {
    const MANY: usize = 1_000;
    // By itself it would look again in a minute.
    let patience = Duration::from_secs(30);
    under_tokio(async {
        let events = many_waiting(|driver| driver.into_tokio().unwrap(), MANY);
        tokio::time::timeout(patience, take(events, MANY)).await.unwrap();
    });
    let events = many_waiting(|driver| driver.into_async_io().unwrap(), MANY);
    let late = async {
        smol::Timer::after(patience).await;
        false
    };
    assert!(smol::block_on(smol::future::race(take(events, MANY), late)));
}

#[test]
fn a_run_that_waits_for_nothing_is_changed_at_once() {
    let settings = settings();
    let machine = Listener::new(Listening::default());
    let driver = Driver::open(machine, &settings).unwrap();
    let handle = driver.handle();
    let _events = driver.into_events().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    for number in 0..3 {
        // By then it waits again, with nothing due but its upkeep in a minute.
        std::thread::sleep(Duration::from_millis(50));
        let sender = sender.clone();
        handle.change(move |_, _| sender.send(number).unwrap()).unwrap();
        assert_eq!(receiver.recv_timeout(Duration::from_secs(30)), Ok(number));
    }
}

#[test]
fn a_run_that_fails_ends_its_stream_and_says_why_when_it_is_closed() {
    use mcast_proto::plain::{Sender, Sending};
    let settings = settings();
    let sending = Sending { payload: vec![0; 70_000], count: Some(1), every: Duration::ZERO };
    let driver = Driver::new(Sender::new(sending), Endpoint::asker(&settings).unwrap());
    let mut events = driver.into_async_io().unwrap();
    smol::block_on(async {
        assert!(events.next().await.is_none());
        assert_eq!(events.handle().change(|_, _| {}), Err(Ended));
        let error = events.close().await.unwrap_err();
        assert_eq!(error.kind(), mcast_net::ErrorKind::TooLong);
    });
}

#[test]
fn a_change_before_the_start_is_made_at_the_start_and_none_after_a_drop() {
    let settings = settings();
    let driver = responder(&settings, "lab-3");
    let handle = driver.handle();
    handle.change(|responder, now| responder.update(now, offer("lab-4"))).unwrap();
    let offered = driver.into_events().unwrap();
    let found = smol::block_on(names(discoverer(&settings).into_async_io().unwrap()));
    assert_eq!(found.0, BTreeSet::from(["lab-4".to_owned()]));
    drop(offered);
    assert_eq!(handle.change(|_, _| {}), Err(Ended));
}
