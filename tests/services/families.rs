//! Services over IPv6, and over both families at once.

use mcast_tests::netns::{Host, Packet, Process, World};

use crate::{ANNOUNCE, GROUP, QUERY, REPLY, done, events, found, is, mcast, run};

const GROUP_V6: &str = "ff12::5009";

/// Two hosts on one segment, with an address of each family on `eth0`.
fn two_hosts(world: &World) -> [Host<'_>; 2] {
    let lan = world.segment();
    [1, 2].map(|number| {
        let host = world.host();
        host.card("eth0", &lan, &[&format!("10.0.0.{number}/24"), &format!("fe80::{number}/64")]);
        host
    })
}

#[track_caller]
fn offer(host: &Host<'_>, groups: &[&str], words: &str) -> Process {
    let before: Vec<u32> = groups.iter().map(|group| host.joined("eth0", group)).collect();
    let service = "--no-plain --service printer --name lab-3 --port 631";
    let responder = mcast(host, &format!("respond {service} {words}"));
    for (group, before) in groups.iter().zip(before) {
        host.until_joined("eth0", group, before + 1);
    }
    responder
}

#[test]
fn a_service_over_ipv6_has_an_address_that_is_usable_as_printed() {
    let Some(world) = World::new() else { return };
    let [asker, printer] = two_hosts(&world);
    let _responder = offer(&printer, &[GROUP_V6], "-6");
    let finished = run(&asker, "discover -6 --service printer --json");
    assert_eq!(found(&finished), ["lab-3"], "{finished:?}");
    assert_eq!(events(&finished.stdout, "found")[0]["endpoint"], "[fe80::2%eth0]:631");
    assert_eq!(done(&finished)["complete"], true);
    // Who asks over the other family asks another group.
    assert_eq!(run(&asker, "discover -4 --service printer -t 500ms").code, Some(1));
}

#[test]
fn one_service_over_both_families_is_found_once_and_stays_itself() {
    let Some(world) = World::new() else { return };
    let [asker, printer] = two_hosts(&world);
    let _responder = offer(&printer, &[GROUP, GROUP_V6], "-4 -6");
    let finished = run(&asker, "discover -4 -6 --service printer --json");
    assert_eq!(found(&finished), ["lab-3"], "{finished:?}");
    assert_eq!(
        (&done(&finished)["found"], &done(&finished)["complete"]),
        (&1.into(), &true.into())
    );
}

#[test]
fn an_answer_starts_with_the_highest_hop_limit_and_a_question_with_one() {
    let Some(world) = World::new() else { return };
    let [asker, printer] = two_hosts(&world);
    for (family, group) in [("-4", GROUP), ("-6", GROUP_V6)] {
        let _responder = offer(&printer, &[group], family);
        let capture = asker.capture("eth0");
        let discover = format!("discover {family} --service printer -n 1");
        assert_eq!(run(&asker, &discover).code, Some(0), "{family}");
        let packets = capture.stop();
        let limits = |kind| packets.iter().filter(move |it| is(it, kind)).map(|it| it.ttl);
        assert!(limits(QUERY).count() > 0 && limits(QUERY).all(|limit| limit == 1), "{packets:?}");
        assert!(
            limits(REPLY).count() > 0 && limits(REPLY).all(|limit| limit == 255),
            "{packets:?}"
        );
    }
}

/// A question of the structured protocol to a group, by `eth0`: what the answer comes from, and its type.
const ASK: &str = "import os, socket, sys\n\
    six = ':' in sys.argv[1]\n\
    s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)\n\
    s.settimeout(30)\n\
    card = socket.if_nametoindex('eth0')\n\
    if six: s.setsockopt(41, socket.IPV6_MULTICAST_IF, card)\n\
    else: s.setsockopt(0, socket.IP_MULTICAST_IF, socket.inet_aton('10.0.0.1'))\n\
    query = bytes.fromhex('f56d643101000028') + os.urandom(8) + bytes.fromhex('0001000000000' + '1ff00000000000004b0')\n\
    query = (query[:32] + os.urandom(8)).ljust(128, bytes(1))\n\
    s.sendto(query, (sys.argv[1], 50009, 0, card) if six else (sys.argv[1], 50009))\n\
    answer, source = s.recvfrom(2048)\n\
    print(source[0].split('%')[0], answer[4], answer[8:16] == query[8:16])";

#[test]
fn a_question_to_all_hosts_of_the_link_is_answered_and_nothing_else_goes_there() {
    let Some(world) = World::new() else { return };
    let [asker, printer] = two_hosts(&world);
    let wire = printer.capture("eth0");
    let _responder = offer(&printer, &[GROUP, GROUP_V6], "-4 -6");
    // Its announcements go to the groups of the services.
    let announced = wire.packet(|packet| packet.outgoing && is(packet, ANNOUNCE));
    assert!(
        ["239.255.80.9", "ff12::5009"].contains(&announced.destination.ip().to_string().as_str())
    );
    for (group, address) in [("224.0.0.1", "10.0.0.2"), ("ff02::1", "fe80::2")] {
        printer.until_joined("eth0", group, 2);
        let asked = asker.python(["-c", ASK, group]).wait();
        assert_eq!(asked.stdout, format!("{address} {REPLY} True\n"), "{}", asked.stderr);
    }
    let finished = run(&asker, "discover -4 -6 --service printer --json");
    assert_eq!(found(&finished), ["lab-3"], "{finished:?}");
    let all_hosts = |packet: &&Packet| {
        ["224.0.0.1", "ff02::1"].contains(&packet.destination.ip().to_string().as_str())
    };
    let packets = wire.stop();
    let there: Vec<bool> = packets.iter().filter(all_hosts).map(|it| it.outgoing).collect();
    assert_eq!(there, [false, false], "our two questions");
}
