//! The other family.

use mcast_tests::netns::{Host, Process, Signal, World};

use crate::{events, json, mcast, run, sorted};

const GROUP: &str = "ff12::5008";

/// Hosts on one segment with these addresses on `eth0`.
fn hosts<'w, const N: usize>(world: &'w World, addresses: [&[&str]; N]) -> [Host<'w>; N] {
    let lan = world.segment();
    addresses.map(|addresses| {
        let host = world.host();
        host.card("eth0", &lan, addresses);
        host
    })
}

#[track_caller]
fn respond(host: &Host<'_>, card: &str, group: &str, words: &str) -> Process {
    let before = host.joined(card, group);
    let responder = mcast(host, &format!("respond {words}"));
    host.until_joined(card, group, before + 1);
    responder
}

#[test]
fn the_default_group_finds_and_the_link_local_answer_is_usable_as_printed() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = hosts(&world, [&["fe80::1/64"], &["fe80::2/64"]]);
    let _responder = respond(&answerer, "eth0", GROUP, "-6");
    for (words, pick) in [
        ("discover -6 -n 1 -t 10s --json", json_address as fn(&str) -> String),
        ("discover -6 -n 1 -t 10s", text_address),
    ] {
        let finished = run(&asker, words);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let address = pick(&finished.stdout);
        assert_eq!(address, "[fe80::2%eth0]:50008");
        // Given to another program as it stands, it leads there.
        let server = answerer.python([
            "-c",
            "import socket\n\
            s = socket.create_server(('', 50008), family=socket.AF_INET6)\n\
            print('ready'); s.accept()",
        ]);
        server.line_with("ready");
        let script = "import socket, sys\n\
            host, port = sys.argv[1].rsplit(':', 1)\n\
            socket.create_connection((host.strip('[]'), int(port)), 10)";
        let client = asker.python(["-c", script, &address]).wait();
        assert_eq!(client.code, Some(0), "{}", client.stderr);
    }
}

fn json_address(stdout: &str) -> String {
    events(stdout, "found")[0]["addr"].as_str().expect("an address").to_owned()
}

fn text_address(stdout: &str) -> String {
    stdout.split_whitespace().next().expect("a first word").to_owned()
}

#[test]
fn a_group_of_wider_scope_is_asked_from_a_global_address_that_has_no_zone() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] =
        hosts(&world, [&["fe80::1/64", "2001:db8::1/64"], &["fe80::2/64", "2001:db8::2/64"]]);
    let responder = respond(&answerer, "eth0", "ff05::beef", "-g [ff05::beef]:4000 --json");
    let finished = run(&asker, "discover -g [ff05::beef]:4000 --json -n 1 -t 10s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(json_address(&finished.stdout), "[2001:db8::2]:4000");
    let request = json(&responder.event());
    assert!(request["from"].as_str().is_some_and(|from| from.starts_with("[2001:db8::1]:")));
}

#[test]
fn both_families_at_once_are_one_line_an_address() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] =
        hosts(&world, [&["10.0.0.1/24", "fe80::1/64"], &["10.0.0.2/24", "fe80::2/64"]]);
    let _responder = respond(&answerer, "eth0", GROUP, "-4 -6");
    answerer.until_joined("eth0", "224.1.1.1", 1);
    let finished = run(&asker, "discover -4 -6 --json -n 2 -t 10s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let found = events(&finished.stdout, "found");
    assert_eq!(sorted(&found, "addr"), ["10.0.0.2:50008", "[fe80::2%eth0]:50008"]);
}

#[test]
fn one_link_local_address_on_two_cards_is_two_responders() {
    let Some(world) = World::new() else { return };
    let asker = world.host();
    let _responders = ["eth0", "eth1"].map(|card| {
        let lan = world.segment();
        asker.card(card, &lan, &["fe80::1/64"]);
        let host = world.host();
        host.card("eth0", &lan, &["fe80::2/64"]);
        let responder = respond(&host, "eth0", GROUP, "-6");
        (responder, host)
    });
    let finished = run(&asker, "discover -6 --json -n 2 -t 10s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let found = events(&finished.stdout, "found");
    assert_eq!(sorted(&found, "addr"), ["[fe80::2%eth0]:50008", "[fe80::2%eth1]:50008"]);
    assert_eq!(sorted(&found, "interface"), ["eth0", "eth1"]);
    // A zone in the group names the card.
    let finished = run(&asker, "discover -g [ff12::5008%eth1]:50008 --json -t 400ms");
    let found = events(&finished.stdout, "found");
    assert_eq!(sorted(&found, "addr"), ["[fe80::2%eth1]:50008"], "{finished:?}");
}

#[test]
fn hop_limit_and_loop() {
    let Some(world) = World::new() else { return };
    let [home, neighbour] = hosts(&world, [&["fe80::1/64"], &["fe80::2/64"]]);
    let listeners = [&home, &neighbour].map(|host| {
        let listener = mcast(host, "listen -6 --json");
        host.until_joined("eth0", GROUP, 1);
        listener
    });
    let capture = home.capture("eth0");
    for (words, hop_limit) in [("send -6 --no-loop --ttl 7 quiet", 7), ("send -6 loud", 1)] {
        assert_eq!(run(&home, words).code, Some(0));
        assert_eq!(capture.packet(|packet| packet.outgoing).ttl, hop_limit);
    }
    let [at_home, next_door] = listeners;
    assert_eq!(json(&at_home.event())["payload"], "loud");
    let message = json(&next_door.event());
    assert_eq!(message["payload"], "quiet");
    assert_eq!(message["group"], "[ff12::5008%eth0]:50008");
}

#[test]
fn a_probe_from_beyond_the_link_is_not_answered() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = hosts(&world, [&["2001:db8:9::1/64"], &["2001:db8::2/64"]]);
    answerer.ip("route add ::/0 dev eth0");
    let responder = respond(&answerer, "eth0", "ff05::beef", "-g ff05::beef --json");
    assert_eq!(run(&asker, "discover -g ff05::beef -t 300ms").code, Some(1));
    assert_eq!(json(&responder.event())["refused"], "off-link");
}

#[test]
fn a_neighbour_whom_a_route_alone_puts_on_the_link_is_answered() {
    let Some(world) = World::new() else { return };
    // As by DHCPv6: an address of its own, and the router's word that the prefix is on the link.
    let addresses = ["2001:db8::1/128", "2001:db8::2/128"];
    let [asker, answerer] = hosts(&world, addresses.each_ref().map(std::slice::from_ref));
    for host in [&asker, &answerer] {
        host.ip("route add 2001:db8::/64 dev eth0");
    }
    let _responder = respond(&answerer, "eth0", "ff05::beef", "-g ff05::beef");
    let finished = run(&asker, "discover -g ff05::beef --json -n 1 -t 10s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(json_address(&finished.stdout), "[2001:db8::2]:50008");
}

#[test]
fn listen_source_hears_that_source_alone() {
    let Some(world) = World::new() else { return };
    let [hearer, a, b] =
        hosts(&world, [&["2001:db8::1/64"], &["2001:db8::2/64"], &["2001:db8::3/64"]]);
    let listener = mcast(&hearer, "listen --json -g ff35::1234 --source 2001:db8::2");
    hearer.until_joined("eth0", "ff35::1234", 1);
    for (host, name) in [(&b, "b"), (&a, "a")] {
        assert_eq!(run(host, &format!("send -g ff35::1234 {name}")).code, Some(0));
    }
    assert_eq!(json(&listener.event())["payload"], "a");
}

#[test]
fn a_group_that_another_program_joined_is_not_heard() {
    let Some(world) = World::new() else { return };
    // Of a scope wider than the link: the kernel binds those of the link to their card by itself.
    let (sender, hearer) = (world.host(), world.host());
    for (card, net) in [("eth0", "2001:db8:0"), ("eth1", "2001:db8:1")] {
        let lan = world.segment();
        sender.card(card, &lan, &[&format!("{net}::1/64")]);
        hearer.card(card, &lan, &[&format!("{net}::2/64")]);
    }
    let script = "import socket, sys, time\n\
        s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n\
        group = socket.inet_pton(socket.AF_INET6, 'ff05::beef')\n\
        index = socket.if_nametoindex('eth1').to_bytes(4, sys.byteorder)\n\
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + index)\n\
        print('joined'); time.sleep(1000)";
    let other = hearer.python(["-c", script]);
    other.line_with("joined");
    let listener = mcast(&hearer, "listen -g ff05::beef -i eth0 --json -n 1");
    hearer.until_joined("eth0", "ff05::beef", 1);
    let wire = hearer.capture("eth1");
    assert_eq!(run(&sender, "send -g ff05::beef -i eth1 elsewhere").code, Some(0));
    wire.packet(|packet| packet.payload == b"elsewhere");
    assert_eq!(run(&sender, "send -g ff05::beef -i eth0 ours").code, Some(0));
    assert_eq!(json(&listener.event())["payload"], "ours");
    // The kernel passes it on to whoever has joined the group, wherever: that is counted.
    let done = json(&listener.line_with("done"));
    let interface = &done["interfaces"][0];
    assert_eq!((&interface["received"], &interface["receive_drops"]), (&1.into(), &1.into()));
}

#[test]
fn loopback_serves_where_it_has_a_route() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    host.ipv6_multicast_on_loopback();
    let _responder = respond(&host, "lo", GROUP, "-6");
    let finished = run(&host, "discover -6 --json -n 1 -t 10s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(json_address(&finished.stdout), "[::1]:50008");
}

#[test]
fn an_asker_that_cannot_be_reached_does_not_keep_the_others_from_their_answers() {
    let Some(world) = World::new() else { return };
    let [barred, other, answerer] =
        hosts(&world, [&["2001:db8::1/64"], &["2001:db8::3/64"], &["2001:db8::2/64"]]);
    let responder = respond(&answerer, "eth0", "ff05::beef", "-g ff05::beef --json");
    // Each answer to it is EHOSTUNREACH.
    answerer.ip("route add unreachable 2001:db8::1/128");
    assert_eq!(run(&barred, "discover -g ff05::beef --repeat 2 -t 200ms").code, Some(1));
    for _ in 0..2 {
        assert!(responder.event().contains("[2001:db8::1]:"));
    }
    assert_eq!(run(&other, "discover -g ff05::beef -n 1 -t 10s").code, Some(0));
    answerer.ip("route del unreachable 2001:db8::1/128");
    assert_eq!(run(&barred, "discover -g ff05::beef -n 1 -t 10s").code, Some(0));
    let finished = responder.stop(Signal::TERM);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let complaints: Vec<_> =
        finished.stderr.lines().filter(|line| line.contains("2001:db8::1")).collect();
    assert_eq!(complaints.len(), 1, "said once: {complaints:?}");
    assert!(complaints[0].contains("eth0"), "{complaints:?}");
}

#[test]
fn where_the_other_family_alone_leads_out_it_is_told_how_to_use_it() {
    let Some(world) = World::new() else { return };
    let (v4, v6) = (["10.0.0.1/24"], ["fe80::1/64", "2001:db8::1/64"]);
    let [six, four, both] = hosts(&world, [&v6, &v4, &["10.0.0.2/24", "fe80::2/64"]]);
    let use_six = "mcast: eth0 has no IPv4 address: to use it add -6, or name an IPv6 group";
    let use_four =
        "mcast: eth0 has no IPv6 address: to use it leave out the -6, or name an IPv4 group";
    four.ipv6_multicast_on_loopback();
    for (host, words, hint) in [
        (&six, "discover -t 100ms", Some(use_six)),
        (&six, "discover --service printer -t 100ms", Some(use_six)),
        (&six, "send hello", Some(use_six)),
        (&six, "listen -t 100ms", Some(use_six)),
        (&six, "listen -6 -t 100ms", None),
        (&six, "listen -i lo -t 100ms", None),
        (&four, "discover -6 -t 100ms", Some(use_four)),
        (&four, "discover -t 100ms", None),
        (&four, "discover -4 -6 -t 100ms", None),
        (&both, "discover -6 -t 100ms", None),
    ] {
        let finished = run(host, words);
        let hints = finished.stderr.lines().filter(|line| line.contains("to use it"));
        assert_eq!(hints.collect::<Vec<_>>(), Vec::from_iter(hint), "{words}: {finished:?}");
        // Nobody's firewall stands between two programs of one machine.
        if hint.is_some() {
            assert!(!finished.stderr.contains("firewall"), "{words}: {finished:?}");
        }
    }
    let responder = mcast(&six, "respond --service printer");
    responder.error_line_with(use_six);
    let finished = responder.stop(Signal::TERM);
    assert!(!finished.stderr.contains(use_six), "it is said once: {finished:?}");

    let lan = world.segment();
    six.card("eth1", &lan, &["fe80::9/64"]);
    let finished = run(&six, "send hello");
    let said =
        "mcast: eth0, eth1 have no IPv4 address: to use them add -6, or name an IPv6 group\n";
    assert!(finished.stderr.contains(said), "{finished:?}");
}
