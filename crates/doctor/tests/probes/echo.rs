//! What becomes of datagrams to ourselves.

use mcast_doctor::facts::{Echo, Step};
use mcast_doctor::probe::{self, Conduct};
use mcast_tests::netns::{Host, World};

use crate::{facts, interfaces, print, to_its_end};

#[test]
#[ignore = "the second half of the other tests"]
fn echo() {
    print(&to_its_end(|conduct| probe::echoes(&interfaces(), conduct)));
}

#[test]
#[ignore = "the second half of the other tests"]
fn cut_short() {
    let mut progress = |_: &str| {};
    let conduct = &mut Conduct::new(&mut progress, &|| true);
    print(&probe::echoes(&interfaces(), conduct));
}

fn host(world: &World) -> Host<'_> {
    let host = world.host();
    host.card("eth0", &world.segment(), &["10.0.0.1/24", "fe80::1/64"]);
    host
}

/// The facts of both families, IPv4 first.
fn of_both(host: &Host<'_>) -> [Echo; 2] {
    let echoes: Vec<Echo> = facts(host, "echo::echo");
    assert!(echoes.iter().all(|echo| echo.interface == "eth0"), "{echoes:?}");
    echoes.try_into().expect("one for each family")
}

#[test]
fn a_healthy_host_hears_itself_in_both_families() {
    let Some(world) = World::new() else { return };
    let host = host(&world);
    let capture = host.capture("eth0");
    for echo in of_both(&host) {
        let counts = (echo.step, echo.sent, echo.heard, echo.error.clone());
        assert_eq!(counts, (Step::Heard, 3, 3, None), "{echo:?}");
        assert!(echo.rtt_ms.is_some_and(|ms| ms < 1000.0) && echo.group.ip().is_multicast());
    }
    drop(capture);
}

#[test]
fn a_probe_that_is_told_to_end_takes_nothing_for_lost_that_has_come_back() {
    let Some(world) = World::new() else { return };
    let echoes: Vec<Echo> = facts(&host(&world), "echo::cut_short");
    assert_eq!(echoes.len(), 2);
    for echo in echoes {
        assert_eq!((echo.step, echo.sent, echo.heard), (Step::Heard, 3, 3), "{echo:?}");
    }
}

/// With a TTL of 0: a mark that is sent afterwards is the first datagram that passes the card.
#[test]
fn nothing_of_it_leaves_the_host() {
    let Some(world) = World::new() else { return };
    let host = host(&world);
    let capture = host.capture("eth0");
    of_both(&host);
    let mark = "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
        s.setsockopt(0, socket.IP_MULTICAST_IF, socket.inet_aton('10.0.0.1'))\n\
        s.sendto(b'mark', ('239.255.0.1', 9))";
    assert_eq!(host.python(["-c", mark]).wait().code, Some(0));
    let first = capture.packet(|packet| packet.outgoing);
    assert_eq!(first.payload, b"mark", "{first:?}");
}

#[test]
fn a_filter_that_drops_what_comes_in_is_seen() {
    let Some(world) = World::with_nft() else { return };
    let host = host(&world);
    host.nft("table inet t { chain in { type filter hook input priority 0; policy drop; iifname lo accept; }; }");
    for echo in of_both(&host) {
        assert_eq!((echo.step, echo.sent, echo.heard), (Step::NotHeard, 3, 0), "{echo:?}");
    }
}

#[test]
fn the_same_filter_on_another_card_is_harmless() {
    let Some(world) = World::with_nft() else { return };
    let host = host(&world);
    host.nft(
        "table inet t { chain in { type filter hook input priority 0; iifname eth9 drop; }; }",
    );
    for echo in of_both(&host) {
        assert_eq!(echo.step, Step::Heard, "{echo:?}");
    }
}

#[test]
fn a_filter_that_drops_what_goes_out_is_told_in_the_kernels_words() {
    let Some(world) = World::with_nft() else { return };
    let host = host(&world);
    host.nft("table inet t { chain out { type filter hook output priority 0; policy drop; }; }");
    for echo in of_both(&host) {
        let number = echo.error.as_ref().and_then(|(_, number)| *number);
        // EPERM.
        assert_eq!((echo.step, echo.sent, number), (Step::NotSent, 0, Some(1)), "{echo:?}");
    }
}

#[test]
fn a_limit_of_no_memberships_is_told_with_its_number() {
    let Some(world) = World::new() else { return };
    let host = host(&world);
    host.set("ipv4/igmp_max_memberships", "0");
    let [v4, v6] = of_both(&host);
    // ENOBUFS.
    assert_eq!((v4.step, v4.error.and_then(|(_, number)| number)), (Step::NotJoined, Some(105)));
    assert_eq!(v6.step, Step::Heard);
    // Its harmless twin: each of our sockets joins one group.
    host.set("ipv4/igmp_max_memberships", "1");
    assert_eq!(of_both(&host)[0].step, Step::Heard);
}
