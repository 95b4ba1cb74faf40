//! What a responder says unasked.

use mcast_tests::netns::{Packet, Signal, World};

use crate::{ANNOUNCE, GOODBYE, host, is, offer};

/// Its number.
fn id(packet: &Packet) -> &[u8] {
    &packet.payload[16..24]
}

#[test]
fn it_announces_itself_thrice_again_when_its_card_comes_up_and_says_goodbye() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [hearer, printer] = [1, 2].map(|number| host(&world, &lan, number));
    let capture = hearer.capture("eth0");
    let responder = offer(&printer, &["lab-3".into()], "-v");
    let announcement = || capture.packet(|packet| is(packet, ANNOUNCE));
    let first = announcement();
    assert_eq!((first.ttl, first.destination.to_string().as_str()), (1, "239.255.80.9:50009"));
    let gaps = [announcement().at - first.at, announcement().at - first.at];
    // Later by what a busy machine needs, and never earlier.
    assert!(gaps[0] > 0.9 && gaps[1] > 2.9, "{gaps:?}");

    // The next would be due in two minutes.
    printer.ip("link set eth0 down");
    responder.error_line_with("eth0 is not used");
    printer.ip("link set eth0 up");
    assert_eq!(id(&announcement()), id(&first));

    // As when its terminal is closed.
    assert_eq!(responder.stop(Signal::HUP).code, Some(0));
    let goodbyes = [(); 2].map(|()| capture.packet(|packet| is(packet, GOODBYE)));
    assert!(goodbyes.iter().all(|goodbye| id(goodbye) == id(&first)), "{goodbyes:?}");
    assert_ne!(goodbyes[0].payload, goodbyes[1].payload, "each has a number of its own");
}
