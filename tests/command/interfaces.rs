//! Which interfaces are used, and that what goes over one stays on it.

use mcast_tests::netns::{Host, Process, Signal, World};

use crate::{events, json, mcast, respond, run, sorted, two_hosts};

const PROBE_HEX: &str = "77686f27732074686572653f";

/// Sends these bytes to a group and port, by a card: CARD GROUP PORT TEXT.
const SEND_BY: &str = "import socket, sys\n\
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, sys.argv[1].encode())\n\
    s.sendto(sys.argv[4].encode(), (sys.argv[2], int(sys.argv[3])))\n";

#[track_caller]
fn send_by(host: &Host<'_>, card: &str, group: &str, text: &str) {
    let sent = host.python(["-c", SEND_BY, card, group, "50008", text]).wait();
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
}

/// Joins a group on a card, as any other program may: ADDRESS GROUP.
fn join_elsewhere(host: &Host<'_>, address: &str, group: &str) -> Process {
    let script = "import socket, sys, time\n\
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,\n\
        \x20   socket.inet_aton(sys.argv[2]) + socket.inet_aton(sys.argv[1]))\n\
        print('joined'); time.sleep(1000)";
    let program = host.python(["-c", script, address, group]);
    program.line_with("joined");
    program
}

#[test]
fn a_responder_that_is_only_on_the_second_card_is_found_there() {
    let Some(world) = World::new() else { return };
    let [asker, _] = two_hosts(&world);
    let far_lan = world.segment();
    let answerer = world.host();
    asker.card("eth1", &far_lan, &["10.0.1.1/24"]);
    answerer.card("eth0", &far_lan, &["10.0.1.2/24"]);
    let _responder = respond(&answerer, "eth0", "");
    let finished = run(&asker, "discover --json -n 1 -t 10s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let found = events(&finished.stdout, "found");
    assert_eq!(
        (&found[0]["interface"], &found[0]["addr"]),
        (&"eth1".into(), &"10.0.1.2:50008".into())
    );
}

#[test]
fn a_responder_joins_every_card_and_answers_from_the_one_that_was_asked() {
    let Some(world) = World::new() else { return };
    let [lan, far_lan] = [world.segment(), world.segment()];
    let answerer = world.host();
    // No default route: what chooses one card by the routing table would join none.
    answerer.card("eth0", &lan, &["10.0.0.2/24"]);
    answerer.card("eth1", &far_lan, &["10.0.1.2/24"]);
    let responder = mcast(&answerer, "respond --json");
    answerer.until_joined("eth0", "224.1.1.1", 1);
    answerer.until_joined("eth1", "224.1.1.1", 1);
    for (lan, own, address, card) in
        [(&lan, "10.0.0.1/24", "10.0.0.2", "eth0"), (&far_lan, "10.0.1.1/24", "10.0.1.2", "eth1")]
    {
        let asker = world.host();
        asker.card("eth0", lan, &[own]);
        let finished = run(&asker, "discover --json -n 1 -t 10s");
        let found = events(&finished.stdout, "found");
        assert_eq!(sorted(&found, "addr"), [format!("{address}:50008")], "{finished:?}");
        assert_eq!(json(&responder.event())["interface"], card);
    }
}

#[test]
fn an_answer_leaves_from_the_address_of_the_askers_network() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let answerer = world.host();
    answerer.card("eth0", &lan, &["10.0.0.2/24", "10.1.0.2/24"]);
    // Whatever the routing table prefers.
    answerer.ip("route replace 10.0.0.0/24 dev eth0 src 10.1.0.2");
    let _responder = respond(&answerer, "eth0", "");
    assert_eq!(answerer.joined("eth0", "224.1.1.1"), 1, "two addresses are one membership");
    for (own, answered_from) in
        [("10.0.0.1/24", "10.0.0.2:50008"), ("10.1.0.1/24", "10.1.0.2:50008")]
    {
        let asker = world.host();
        asker.card("eth0", &lan, &[own]);
        let finished = run(&asker, "discover --json -n 1 -t 10s");
        let found = events(&finished.stdout, "found");
        assert_eq!(sorted(&found, "addr"), [answered_from], "{finished:?}");
    }
}

#[test]
fn an_answer_leaves_by_the_card_that_was_asked_where_two_lead_to_one_network() {
    let Some(world) = World::new() else { return };
    let [lan, far_lan] = [world.segment(), world.segment()];
    let (asker, answerer) = (world.host(), world.host());
    answerer.card("eth0", &lan, &["10.0.0.2/24"]);
    answerer.card("eth1", &far_lan, &["10.0.0.3/24"]);
    asker.card("eth0", &far_lan, &["10.0.0.1/24"]);
    let _responder = mcast(&answerer, "respond");
    answerer.until_joined("eth1", "224.1.1.1", 1);
    let finished = run(&asker, "discover --json -n 1 -t 5s");
    let found = events(&finished.stdout, "found");
    assert_eq!(sorted(&found, "addr"), ["10.0.0.3:50008"], "{finished:?}");
}

#[test]
fn interfaces_are_chosen_by_name_number_address_pattern_and_exclusion() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let host = world.host();
    for (card, address) in [
        ("eth0", "10.0.0.1/24"),
        ("eth1", "10.0.1.1/24"),
        ("wlan0", "10.0.2.1/24"),
        ("docker0", "172.17.0.1/16"),
    ] {
        host.card(card, &lan, &[address]);
    }
    host.card("down0", &lan, &["10.0.4.1/24"]);
    host.ip("link set down0 down");
    let index = host.index("eth1").to_string();
    for (selectors, expected) in [
        (&[][..], &["eth0", "eth1", "wlan0"][..]),
        (&["eth1"], &["eth1"]),
        (&[&index], &["eth1"]),
        (&["10.0.1.1"], &["eth1"]),
        (&["eth*"], &["eth0", "eth1"]),
        (&["eth0", "wlan0"], &["eth0", "wlan0"]),
        (&["!eth*"], &["wlan0"]),
        (&["eth*", "!eth0"], &["eth1"]),
        (&["docker0"], &["docker0"]),
        (&["lo"], &["lo"]),
    ] {
        let chosen: String = selectors.iter().map(|selector| format!(" -i {selector}")).collect();
        let finished = run(&host, &format!("discover --json -t 20ms{chosen}"));
        let done = &events(&finished.stdout, "done")[0];
        let used = done["interfaces"].as_array().expect("interfaces");
        assert_eq!(sorted(used, "name"), expected, "{chosen}: {finished:?}");
        assert!(used.iter().all(|interface| interface["sent"] == 1), "{chosen}: {done}");
    }
    let told = run(&host, "discover -v -t 20ms").stderr;
    for (card, part) in
        [("eth0", "used"), ("docker0", "not used"), ("down0", "not used"), ("lo", "not used")]
    {
        let is_about = |line: &&str| line.contains(&format!("{card} is {part}: "));
        assert_eq!(told.lines().filter(is_about).count(), 1, "{card}:\n{told}");
    }
}

#[test]
fn no_route_is_needed() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let hosts = [1, 2].map(|n| {
        let host = world.host();
        host.card("eth0", &lan, &[&format!("10.0.0.{n}/24")]);
        host
    });
    let _responder = respond(&hosts[1], "eth0", "");
    assert_eq!(run(&hosts[0], "discover -n 1 -t 10s").code, Some(0));
}

#[test]
fn two_cards_on_one_segment_are_one_line() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let (asker, answerer) = (world.host(), world.host());
    asker.card("eth0", &lan, &["10.0.0.1/24"]);
    asker.card("eth1", &lan, &["10.0.0.3/24"]);
    answerer.card("eth0", &lan, &["10.0.0.2/24"]);
    let responder = respond(&answerer, "eth0", "--json");
    let finished = run(&asker, "discover --json -t 400ms");
    assert_eq!(events(&finished.stdout, "found").len(), 1, "{finished:?}");
    let askers = [json(&responder.event()), json(&responder.event())];
    let askers = sorted(&askers, "from");
    assert!(askers[0].starts_with("10.0.0.1:") && askers[1].starts_with("10.0.0.3:"), "{askers:?}");
}

#[test]
fn a_probe_from_beyond_the_link_is_not_answered_unless_allowed() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let capture = answerer.capture("eth0");
    let forge = || {
        let forged = asker
            .peer("forge.py", &["eth0", "192.0.2.9:4000", "224.1.1.1:50008", PROBE_HEX])
            .wait();
        assert_eq!(forged.code, Some(0), "{}", forged.stderr);
    };
    let responder = respond(&answerer, "eth0", "--json");
    forge();
    let request = json(&responder.event());
    assert_eq!((&request["from"], &request["answered"]), (&"192.0.2.9:4000".into(), &false.into()));
    assert_eq!(request["refused"], "off-link");
    // It has had its chance to answer when it has ended, and its sent datagrams passed the card.
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    let responder = respond(&answerer, "eth0", "--json --allow-off-link");
    forge();
    assert_eq!(json(&responder.event())["answered"], true);
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    // The answer itself finds nobody who would tell where 192.0.2.9 is: none is on this wire.
    let sent: Vec<_> = capture.stop().into_iter().filter(|packet| packet.outgoing).collect();
    assert!(sent.is_empty(), "{sent:?}");
}

#[test]
fn who_asks_on_this_host_is_on_the_link_whichever_of_its_addresses_it_has() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    host.card("eth0", &world.segment(), &["10.0.0.1/24"]);
    host.card("eth1", &world.segment(), &["10.0.1.1/24"]);
    let responder = respond(&host, "eth1", "--json -i eth1");
    let script = "import socket\n\
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
        s.bind(('10.0.0.1', 0))\n\
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('10.0.1.1'))\n\
        s.sendto(b\"who's there?\", ('224.1.1.1', 50008))";
    assert_eq!(host.python(["-c", script]).wait().code, Some(0));
    let request = json(&responder.event());
    assert_eq!((&request["answered"], &request["interface"]), (&true.into(), &"eth1".into()));
}

#[test]
fn a_group_that_another_program_joined_is_not_heard() {
    let Some(world) = World::new() else { return };
    let [sender, hearer] = two_hosts(&world);
    let far_lan = world.segment();
    sender.card("eth1", &far_lan, &["10.0.1.1/24"]);
    hearer.card("eth1", &far_lan, &["10.0.1.2/24"]);
    // Another group on our card, and our group on another card.
    let _others = [
        join_elsewhere(&hearer, "10.0.0.2", "224.5.5.5"),
        join_elsewhere(&hearer, "10.0.1.2", "224.1.1.1"),
    ];
    let listener = mcast(&hearer, "listen -i eth0 --json");
    hearer.until_joined("eth0", "224.1.1.1", 1);
    let wire = hearer.capture("eth1");
    send_by(&sender, "eth0", "224.5.5.5", "another group");
    send_by(&sender, "eth1", "224.1.1.1", "another card");
    wire.packet(|packet| packet.payload == b"another card");
    send_by(&sender, "eth0", "224.1.1.1", "ours");
    assert_eq!(json(&listener.event())["payload"], "ours");
}

#[test]
fn listen_source_hears_that_source_alone() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [hearer, a, b, c] = [1, 2, 3, 4].map(|n| {
        let host = world.host();
        host.card("eth0", &lan, &[&format!("10.0.0.{n}/24")]);
        host
    });
    let one = mcast(&hearer, "listen --json -g 232.1.1.1 --source 10.0.0.2");
    hearer.until_joined("eth0", "232.1.1.1", 1);
    let two = mcast(&hearer, "listen --json -g 232.1.1.1 --source 10.0.0.2 --source 10.0.0.3");
    hearer.until_joined("eth0", "232.1.1.1", 2);
    for (host, name) in [(&c, "c"), (&b, "b"), (&a, "a")] {
        assert_eq!(run(host, &format!("send -g 232.1.1.1 {name}")).code, Some(0));
    }
    assert_eq!(json(&one.event())["payload"], "a");
    assert_eq!(json(&two.event())["payload"], "b");
    assert_eq!(json(&two.event())["payload"], "a");
}

#[test]
fn forty_groups_on_one_card() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let group = |n: u32| format!("239.1.1.{n}");
    let groups: String = (1..=40).map(|n| format!(" -g {}", group(n))).collect();
    let _responder = mcast(&answerer, &format!("respond{groups}"));
    for n in 1..=40 {
        answerer.until_joined("eth0", &group(n), 1);
    }
    for n in [1, 20, 21, 40] {
        let finished = run(&asker, &format!("discover -n 1 -t 10s -g {}", group(n)));
        assert_eq!(finished.code, Some(0), "{n}: {finished:?}");
    }
}

#[test]
fn thirty_cards_in_one_host() {
    let Some(world) = World::new() else { return };
    let (asker, answerer) = (world.host(), world.host());
    let cards: Vec<String> = (0..30).map(|n| format!("eth{n}")).collect();
    for (n, card) in cards.iter().enumerate() {
        let lan = world.segment();
        asker.card(card, &lan, &[&format!("10.1.{n}.1/24")]);
        answerer.card(card, &lan, &[&format!("10.1.{n}.2/24")]);
    }
    let _responder = mcast(&answerer, "respond --rate off");
    for card in &cards {
        answerer.until_joined(card, "224.1.1.1", 1);
    }
    let finished = run(&asker, "discover --json -n 30 -t 10s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let found = events(&finished.stdout, "found");
    let mut expected: Vec<&str> = cards.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(sorted(&found, "interface"), expected);
}

#[test]
fn more_sources_than_the_kernel_takes_is_exit_3_and_says_which_limit() {
    let Some(world) = World::new() else { return };
    let [_, hearer] = two_hosts(&world);
    hearer.set("ipv4/igmp_max_msf", "2");
    let finished =
        run(&hearer, "listen -g 232.1.1.1 --source 10.0.0.5 --source 10.0.0.6 --source 10.0.0.7");
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(finished.stderr.contains("net.ipv4.igmp_max_msf"), "{}", finished.stderr);
}

#[test]
fn an_asker_that_has_gone_does_not_deafen_the_responder() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    // The answers come to closed ports, and the asker's kernel says so (ICMP, ECONNREFUSED).
    let responder = respond(&answerer, "eth0", "--json --delay 50ms");
    for _ in 0..3 {
        assert_eq!(asker.tutorial("udp-mcast-client.py").wait().code, Some(0));
        responder.line_with("\"answered\":true");
    }
    let finished = run(&asker, "discover --json -n 1 -t 10s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let finished = responder.stop(Signal::TERM);
    assert_eq!((finished.code, finished.stderr.lines().count()), (Some(0), 2), "{finished:?}");
}

/// Who was asked at one of its ports answers from that one: a firewall lets no other pass, and the asker
/// knows the answer by it.
#[test]
fn an_answer_leaves_from_the_port_that_was_asked() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _responder = respond(&answerer, "eth0", "-g 224.1.1.1:50008 -g 239.1.1.1:4000");
    for group in ["224.1.1.1:50008", "239.1.1.1:4000"] {
        let asked = run(&asker, &format!("discover --json -n 1 -t 10s -g {group}"));
        let port = group.rsplit(':').next().unwrap();
        assert_eq!(sorted(&events(&asked.stdout, "found"), "addr"), [format!("10.0.0.2:{port}")]);
    }
}

#[test]
fn with_a_ttl_of_0_nothing_leaves_the_machine_not_even_an_answer() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, answerer] = ["1", "2"].map(|last| {
        let host = world.host();
        host.card("eth0", &lan, &[&format!("10.0.0.{last}/24"), &format!("fe80::{last}/64")]);
        host.ipv6_multicast_on_loopback();
        host
    });
    let capture = asker.capture("eth0");
    let _responder = mcast(&answerer, "respond -4 -6 --ttl 0");
    for group in ["224.1.1.1", "ff12::5008"] {
        answerer.until_joined("lo", group, 1);
        assert_eq!(answerer.joined("eth0", group), 0);
    }
    for words in ["-4", "-6"] {
        let here = run(&answerer, &format!("discover {words} --ttl 0 -n 1 -t 10s"));
        assert_eq!(here.code, Some(0), "{here:?}");
        assert_eq!(here.stderr.matches("-6").count(), 0, "{here:?}");
        let sent = run(&answerer, &format!("send {words} --ttl 0"));
        assert_eq!(sent.code, Some(0), "{sent:?}");
        let there = run(&asker, &format!("discover {words} --repeat 3 -t 300ms"));
        assert_eq!(there.code, Some(1), "{there:?}");
    }
    let came: Vec<_> = capture.stop().into_iter().filter(|packet| !packet.outgoing).collect();
    assert_eq!(came, []);
    for verb in ["discover", "respond", "listen", "send"] {
        let refused = run(&answerer, &format!("{verb} --ttl 0 -i eth0"));
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains("all stays on this host"), "{refused:?}");
    }
}

/// Asks a group by a card, with this TTL or hop limit.
#[track_caller]
fn ask_from_afar(host: &Host<'_>, group: &str, ttl: u8) {
    let script = "import socket, sys\n\
        six = ':' in sys.argv[1]\n\
        s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)\n\
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'eth0')\n\
        level, option = (41, socket.IPV6_MULTICAST_HOPS) if six else (0, socket.IP_MULTICAST_TTL)\n\
        s.setsockopt(level, option, int(sys.argv[2]))\n\
        s.sendto(b'?', (sys.argv[1], 50008))\n";
    let sent = host.python(["-c", script, group, &ttl.to_string()]).wait();
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
}

#[test]
fn who_is_on_the_link_is_known_by_a_route_or_by_the_highest_ttl() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, answerer] = [world.host(), world.host()];
    asker.card("eth0", &lan, &["10.1.0.1/24", "2001:db8::1/64"]);
    // As DHCPv6 gives an address: of the prefix it says nothing.
    answerer.card("eth0", &lan, &["10.0.0.2/24", "2001:db8::2/128"]);
    let responder = mcast(&answerer, "respond -g 224.1.1.1 -g ff05::5008 --json");
    for group in ["224.1.1.1", "ff05::5008"] {
        answerer.until_joined("eth0", group, 1);
        for (ttl, refused) in [(1, Some("off-link")), (254, Some("off-link")), (255, None)] {
            ask_from_afar(&asker, group, ttl);
            assert_eq!(json(&responder.event())["refused"].as_str(), refused, "{group} {ttl}");
        }
    }
    // As a router announces the prefix.
    answerer.ip("route add 2001:db8::/64 dev eth0");
    answerer.add_address("eth0", "2001:db8::3/128");
    let found = run(&asker, "discover -g ff05::5008 --repeat 20 -n 1 -t 10s");
    assert_eq!(found.code, Some(0), "{found:?}");
}

#[test]
fn the_loopback_is_not_used_without_a_word() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    for (words, is_warned) in [("", true), ("-i lo", false), ("--ttl 0", false)] {
        let alone = run(&host, &format!("discover {words} -t 100ms"));
        assert_eq!(alone.code, Some(1), "{alone:?}");
        assert_eq!(alone.stderr.contains("lo alone is used"), is_warned, "{alone:?}");
    }
}
