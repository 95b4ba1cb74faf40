//! Listening where devices speak: what is of a known protocol is told in words, and all else as it is.

use std::path::PathBuf;

use mcast_tests::netns::{Host, Process, World};

use crate::{command, json, mcast, respond, run, two_hosts};

/// A protocol's group and port, a captured datagram of it, and what that says.
const SAID: [(&str, u16, &str, &str); 6] = [
    (
        "224.0.0.251",
        5353,
        "mdns/mdnsd-ptr.bin",
        "mdns   says: PTR _ipp._tcp.local = Plotter._ipp._tcp.local",
    ),
    (
        "239.255.255.250",
        1900,
        "ssdp/async-upnp-client-byebye-rootdevice.bin",
        "ssdp   says goodbye: NT upnp:rootdevice; USN uuid:1cd38bfe-3c10-403e-a97f-2bc5c1652b9a::upnp:rootdevice; \
         LOCATION http://10.77.0.2:8000/device.xml; SERVER async-upnp-client/0.49.0 UPnP/2.0 Server/1.0",
    ),
    (
        "239.255.255.250",
        3702,
        "wsd/wsdd-hello.bin",
        "wsd    announces: Hello; Address urn:uuid:3d9c6a52-1f0e-4b8a-9c57-6a2e4f8b1d03; XAddrs \
         http://10.77.0.2:5357/3d9c6a52-1f0e-4b8a-9c57-6a2e4f8b1d03",
    ),
    (
        "239.255.255.250",
        3702,
        "wsd/wsdd-bye.bin",
        "wsd    says goodbye: Bye; Address urn:uuid:3d9c6a52-1f0e-4b8a-9c57-6a2e4f8b1d03",
    ),
    (
        "224.0.1.187",
        5683,
        "coap/libcoap-answer.bin",
        "coap   answers: code 2.05; link / = title=\"General Info\";ct=0; link /time = \
         if=\"clock\";rt=\"ticks\";title=\"Internal Clock\";ct=0;obs; link /async = ct=0; link /example_data = \
         title=\"Example Data\";ct=0;obs",
    ),
    ("224.0.1.187", 5683, "coap/aiocoap-block-1-refused.bin", "coap   refuses: code 4.08"),
];

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../dialects/fixtures").join(name)
}

/// Sends a file to a group.
#[track_caller]
fn send(host: &Host<'_>, group: &str, port: u16, file: &PathBuf) {
    let mut words = command(host, &format!("send -g {group}:{port} --payload-file"));
    words.arg(file);
    assert_eq!(Process::start(words).wait().code, Some(0));
}

/// Listens in the groups of four protocols.
fn listen(host: &Host<'_>, words: &str) -> Process {
    let listener = mcast(host, &format!("listen -g mdns -g ssdp -g wsd -g coap {words}"));
    for (group, users) in [("224.0.0.251", 1), ("239.255.255.250", 2), ("224.0.1.187", 1)] {
        host.until_joined("eth0", group, users);
    }
    listener
}

#[test]
fn what_is_said_in_a_known_protocol_is_a_line_of_words() {
    let Some(world) = World::new() else { return };
    let [hearer, sender] = two_hosts(&world);
    let listener = listen(&hearer, "");
    for (group, port, name, words) in SAID {
        send(&sender, group, port, &fixture(name));
        let line = listener.line();
        assert!(
            line.starts_with("10.0.0.2:") && line.ends_with(&format!("  {words}")),
            "{name}: {line}"
        );
    }
    // In the group of another protocol it is what it is.
    send(&sender, "224.0.1.187", 5683, &fixture("mdns/mdnsd-ptr.bin"));
    assert!(listener.line().contains("  \\x00\\x02\\x84\\x00"));
    for (group, port) in
        [("224.0.0.251", 5353), ("239.255.255.250", 1900), ("239.255.255.250", 3702)]
    {
        let words = format!("send -g {group}:{port} --payload-hex 1b5b324aff");
        assert_eq!(run(&sender, &words).code, Some(0));
        let line = listener.line();
        assert!(line.ends_with("  \\x1b[2J\\xff"), "{line}");
    }
}

#[test]
fn a_program_has_the_bytes_as_well_and_hex_is_hex() {
    let Some(world) = World::new() else { return };
    let [hearer, sender] = two_hosts(&world);
    let listener = listen(&hearer, "--json -n 2");
    send(&sender, "239.255.255.250", 1900, &fixture("ssdp/ssdpy-answer.bin"));
    let event = json(&listener.event());
    for (field, expected) in [("event", "message"), ("dialect", "ssdp"), ("act", "announce")] {
        assert_eq!(event[field], expected, "{field}: {event}");
    }
    let bytes = std::fs::read(fixture("ssdp/ssdpy-answer.bin")).expect("a fixture");
    assert_eq!(event["payload"].as_str().map(str::as_bytes), Some(bytes.as_slice()), "{event}");
    assert!(event["meaning"].as_str().is_some_and(|it| it.starts_with("announces: ")), "{event}");
    assert_eq!(run(&sender, "send -g 239.255.255.250:1900 junk").code, Some(0));
    let event = json(&listener.event());
    assert_eq!((&event["dialect"], &event["payload"]), (&"plain".into(), &"junk".into()));
    assert!(event.get("act").is_none() && event.get("meaning").is_none(), "{event}");
    assert_eq!(listener.wait().code, Some(0));

    let listener = listen(&hearer, "--hex");
    send(&sender, "224.0.1.187", 5683, &fixture("coap/aiocoap-block-1-refused.bin"));
    let bytes = std::fs::read(fixture("coap/aiocoap-block-1-refused.bin")).expect("a fixture");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(listener.line().ends_with(&format!("  {hex}")));
}

#[test]
fn the_port_of_mdns_is_shared_with_who_has_it_already() {
    let Some(world) = World::new() else { return };
    let [hearer, sender] = two_hosts(&world);
    // As avahi opens it.
    let other = "import socket\n\
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n\
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n\
        s.bind(('', 5353))\n\
        own = socket.inet_aton('224.0.0.251') + socket.inet_aton('10.0.0.1')\n\
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, own)\n\
        print('ready')\n\
        while True: print(s.recvfrom(9000)[1][0])";
    let other = hearer.python(["-c", other]);
    other.line_with("ready");
    let listener = mcast(&hearer, "listen -g mdns");
    hearer.until_joined("eth0", "224.0.0.251", 2);
    send(&sender, "224.0.0.251", 5353, &fixture("mdns/mdnsd-ptr.bin"));
    listener.line_with("mdns   says: PTR ");
    other.line_with("10.0.0.2");
    // What is for the other alone it still gets.
    let alone = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('10.0.0.1', 5353))";
    assert_eq!(sender.python(["-c", alone]).wait().code, Some(0));
    other.line_with("10.0.0.2");
}

#[test]
fn our_own_protocol_is_told_too() {
    let Some(world) = World::new() else { return };
    let [hearer, sender] = two_hosts(&world);
    let listener = mcast(&hearer, "listen -g mcast");
    hearer.until_joined("eth0", "239.255.80.9", 1);
    let _responder = respond(&sender, "eth0", "--service printer --name lab");
    let line = listener.line_with("announces");
    assert!(line.contains("  mcast  announces: service printer; name lab"), "{line}");
    let refused = run(&sender, "send -g mdns hello");
    assert!(
        refused.code == Some(2) && refused.stderr.contains("-g 224.0.0.251:5353"),
        "{refused:?}"
    );
}
