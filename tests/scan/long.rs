//! What has no room in an answer to one who asks from a private port.

use std::collections::BTreeSet;

use mcast_tests::netns::{Process, Signal, World};
use serde_json::Value;

use crate::finding::{json, told};
use crate::lab::Lab;
use crate::service_file::ServiceFile;
use crate::words::{contains, is_answer};

/// A program that keeps the port to itself.
const HOLDER: &str = "import socket, time
held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
held.bind(('', 5353))
print('held', flush=True)
time.sleep(60)";

/// Services of one type; fewer have room in 512 bytes.
const KIOSKS: u32 = 24;

#[test]
#[ignore = "needs the peers that tests/scan/peers/fetch brings"]
fn what_avahi_leaves_out_of_an_answer_is_asked_of_the_group() {
    let world = World::new().expect("a world");
    let lab = Lab::of(&world, false, |name| name == "avahi");
    offer(&lab);

    let capture = lab.asker.capture("eth0");
    let (findings, done) = scan(&lab);
    let whole = findings.iter().filter(|it| it["txt"]["word8"].as_str().is_some()).count();
    assert_eq!((kiosks(&findings), whole), (KIOSKS as usize, 1), "{findings:#?}");
    assert!(!is_cut_short(&done), "{done}");
    // The group was asked for each type once, and for few of the forty.
    let of_port = |it: &mcast_tests::netns::Packet| it.outgoing && it.source.port() == 5353;
    let questions: Vec<_> =
        capture.stop().into_iter().filter(of_port).map(|packet| packet.payload).collect();
    let types: BTreeSet<_> = questions.iter().collect();
    assert!((1..=4).contains(&types.len()) && types.len() == questions.len(), "{questions:?}");
    println!("{} questions to the group", questions.len());

    // Where another keeps the port, it goes on without, and says so.
    let holder = lab.asker.python(["-c", HOLDER]);
    holder.line_with("held");
    let (findings, done) = scan(&lab);
    assert!(is_cut_short(&done), "{done}");
    println!("without the port {} of {KIOSKS} kiosks are found", kiosks(&findings));
    assert!((1..KIOSKS as usize).contains(&kiosks(&findings)), "{findings:#?}");
    drop(holder.stop(Signal::KILL));
}

/// avahi offers many, and one whose text alone has no room.
fn offer(lab: &Lab<'_>) {
    let station = &lab.stations[0];
    let capture = station.host.capture("eth0");
    let service = |name: &str, kind: &str, text: &str| {
        format!(
            "<service-group><name>{name}</name><service><type>{kind}</type><port>80</port>{text}\
             </service></service-group>"
        )
    };
    let word = "long ".repeat(20);
    let text: String =
        (1..=8).map(|nth| format!("<txt-record>word{nth}={word}</txt-record>")).collect();
    ServiceFile::of(&station.process, "book")
        .write(1, &service("Book", "_device-info._tcp", &text));
    let mut names = BTreeSet::from(["Book".to_owned()]);
    for nth in 1..=KIOSKS {
        let name = format!("Kiosk number {nth:02}");
        let file = ServiceFile::of(&station.process, &format!("kiosk{nth}"));
        file.write(1, &service(&name, "_http._tcp", ""));
        names.insert(name);
    }
    station.process.signal(Signal::HUP);
    while !names.is_empty() {
        let said = capture.packet(is_answer).payload;
        names.retain(|name| !contains(&said, name.as_bytes()));
    }
}

/// What was found, and how it ended.
fn scan(lab: &Lab<'_>) -> (Vec<Value>, Value) {
    let finished = Process::start(lab.scan("--only mdns")).wait();
    println!("{}", finished.stderr);
    assert_eq!(finished.code, Some(0));
    let done = finished.stdout.lines().map(json).find(|event| event["event"] == "done");
    (told(&finished), done.expect("an end"))
}

fn kiosks(findings: &[Value]) -> usize {
    let is_kiosk = |it: &&Value| it["name"].as_str().is_some_and(|name| name.contains("Kiosk"));
    findings.iter().filter(is_kiosk).count()
}

fn is_cut_short(done: &Value) -> bool {
    let mut reasons = done["incomplete_because"].as_array().into_iter().flatten();
    reasons.any(|reason| reason == "cut_short")
}
