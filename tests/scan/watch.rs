//! Who comes, changes and goes while a scan watches.

use std::time::Duration;

use mcast_tests::netns::{Signal, World};
use serde_json::Value;

use crate::lab::{Lab, Station, start};
use crate::service_file::ServiceFile;
use crate::watching::Watching;
use crate::words::{contains, is_answer};

/// How soon it is to be told of a service that comes, changes or goes.
const SOON: Duration = Duration::from_secs(2);
/// How soon a goodbye is told that needs no second to be taken back in.
const AT_ONCE: Duration = Duration::from_secs(1);

#[test]
#[ignore = "needs the peers that tests/scan/peers/fetch brings"]
fn a_service_of_zeroconf_that_comes_changes_and_goes_is_told() {
    let world = World::new().expect("a world");
    let mut lab = Lab::new(&world, false);
    let place = lab.stations.iter().position(|it| it.peer.name == "zeroconf").expect("it is there");
    // The others stay; it comes again.
    let station = lab.stations.remove(place);
    drop(station.process.stop(Signal::TERM));
    let mut watching = Watching::new(&lab);
    watching.until(&["found"], |event| event["name"] == "Plotter");

    let is = |event: &Value| event["name"] == "Kiosk";
    let capture = station.host.capture("eth0");
    let process = start(&station.host, &["zeroconf", &station.address]);
    // Its first answer that nobody asked for is where it begins to be there.
    capture.packet(|packet| is_answer(packet) && contains(&packet.payload, b"Kiosk"));
    watching.soon(&["found"], (watching.now(), "its first announcement"), SOON, is);
    process.line_with("ready");
    let since = (watching.now(), "it was told to change");
    process.signal(Signal::USR1);
    watching.soon(&["changed"], since, SOON, |it| is(it) && it["txt"]["path"] == "/closed");
    let since = (watching.now(), "it was told to end");
    process.signal(Signal::TERM);
    watching.soon(&["lost"], since, SOON, is);
    watching.stop();
}

#[test]
#[ignore = "needs the peers that tests/scan/peers/fetch brings"]
fn a_service_of_avahi_that_comes_changes_and_goes_is_told() {
    let world = World::new().expect("a world");
    let lab = Lab::of(&world, false, |name| ["avahi", "mdnsd"].contains(&name));
    let avahi = &lab.stations[0].process;
    let mut watching = Watching::new(&lab);
    watching.until(&["found"], |event| event["name"] == "Plotter");

    let is = |event: &Value| event["name"] == "Door";
    let file = ServiceFile::of(avahi, "door");
    let since = (watching.now(), "its file came");
    file.write(1, &door("closed"));
    avahi.signal(Signal::HUP);
    watching.soon(&["found"], since, SOON, |it| is(it) && it["txt"]["state"] == "closed");
    let since = (watching.now(), "its file changed");
    file.write(2, &door("open"));
    avahi.signal(Signal::HUP);
    // It says goodbye to the old text, and the new one a second later: nothing is lost by that.
    watching.soon(&["changed"], since, SOON, |it| is(it) && it["txt"]["state"] == "open");
    let since = (watching.now(), "its file went");
    file.remove();
    avahi.signal(Signal::HUP);
    watching.soon(&["lost"], since, SOON, is);
    watching.stop();
}

#[test]
#[ignore = "needs the peers that tests/scan/peers/fetch brings"]
fn who_is_killed_is_lost_by_its_lease() {
    const LEASE: Duration = Duration::from_secs(4);

    let world = World::new().expect("a world");
    let mut lab = Lab::of(&world, false, |name| ["zeroconf", "mdnsd"].contains(&name));
    let station = lab.stations.remove(0);
    drop(station.process.stop(Signal::TERM));
    let process =
        start(&station.host, &["zeroconf", &station.address, &LEASE.as_secs().to_string()]);
    process.line_with("ready");
    let mut watching = Watching::new(&lab);
    let names = ["Kiosk", "Till"];
    for name in names {
        watching.until(&["found"], |event| event["name"] == name);
    }
    // It is asked in time, so it stays for longer than its lease.
    let capture = station.host.capture("eth0");
    let first = capture.packet(is_answer).at;
    capture.packet(|packet| is_answer(packet) && packet.at - first > 2.0 * LEASE.as_secs_f64());
    let since = (watching.now(), "it was killed");
    drop(process.stop(Signal::KILL));
    for name in names {
        let lost = watching.soon(&["lost"], since, LEASE + AT_ONCE, |event| event["name"] == name);
        assert_eq!(lost["reason"], "expired", "{lost}");
    }
    watching.stop();
}

#[test]
#[ignore = "needs the peers that tests/scan/peers/fetch brings"]
fn a_byebye_and_a_bye_are_told_at_once() {
    let world = World::new().expect("a world");
    let leaving = [("upnp", "ssdp:byebye"), ("wsdd", "/Bye<"), ("wsdiscovery", "/Bye<")];
    let lab = Lab::of(&world, false, |name| leaving.iter().any(|(it, _)| *it == name));
    let mut watching = Watching::new(&lab);
    let services = |station: &Station<'_>| station.peer.services.len();
    for station in &lab.stations {
        for _ in 0..services(station) {
            watching.until(&["found"], |event| station.said(event));
        }
    }
    for (name, goodbye) in leaving {
        let station = lab.stations.iter().find(|it| it.peer.name == name).expect(name);
        let capture = station.host.capture("eth0");
        let told_to_end = watching.now();
        station.process.signal(Signal::TERM);
        capture.packet(|packet| packet.outgoing && contains(&packet.payload, goodbye.as_bytes()));
        let since = (watching.now(), &*format!("the first {goodbye} of {name}"));
        for _ in 0..services(station) {
            let lost = watching.soon(&["lost"], since, AT_ONCE, |event| station.said(event));
            assert_eq!(lost["reason"], "goodbye", "{lost}");
        }
        println!("{:.1?} after {name} was told to end", watching.now() - told_to_end);
    }
    watching.stop();
}

/// A service whose text is this state.
fn door(state: &str) -> String {
    format!(
        "<service-group><name>Door</name><service><type>_http._tcp</type><port>81</port>\
         <txt-record>state={state}</txt-record></service></service-group>"
    )
}
