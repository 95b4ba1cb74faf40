//! Services that only those with the secret may ask for.

use std::fmt;
use std::io::Write as _;

use mcast_tests::netns::{Packet, Process, Signal, World};
use tempfile::NamedTempFile;

use crate::{
    GROUP, QUERY, REPLY, asker_and_printer, command, done, events, forge, found, hex, host, is,
    json, mcast, offer, run,
};

/// A file with a secret, which only we can read; it goes with this. It displays as its path.
struct KeyFile(NamedTempFile);

impl fmt::Display for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.path().display())
    }
}

fn key_file(secret: &str) -> KeyFile {
    let mut file = NamedTempFile::new().expect("a file of our own");
    file.write_all(secret.as_bytes()).expect("it is written");
    KeyFile(file)
}

fn answers(packets: &[Packet]) -> usize {
    packets.iter().filter(|packet| is(packet, REPLY) && packet.outgoing).count()
}

fn questions(packets: &[Packet]) -> usize {
    packets.iter().filter(|packet| is(packet, QUERY) && !packet.outgoing).count()
}

#[test]
fn without_the_key_or_with_another_nobody_answers() {
    let Some(world) = World::new() else { return };
    let [ours, others] = ["a secret of us two", "a secret of others"].map(key_file);
    let (asker, printer, _responder) = asker_and_printer(&world, &format!("--key-file {ours}"));
    let finished = run(&asker, &format!("discover --service printer --json --key-file {ours}"));
    assert_eq!(found(&finished), ["lab-3"], "{finished:?}");
    assert_eq!(events(&finished.stdout, "found")[0]["authentic"], true);
    assert_eq!(done(&finished)["complete"], true);

    let capture = printer.capture("eth0");
    for key in ["".to_owned(), format!("--key-file {others}")] {
        let finished = run(&asker, &format!("discover --service printer --json -t 500ms {key}"));
        assert_eq!((finished.code, found(&finished).len()), (Some(1), 0), "{finished:?}");
    }
    let packets = capture.stop();
    assert!(questions(&packets) > 10, "{}", questions(&packets));
    assert_eq!(answers(&packets), 0);
}

#[test]
fn who_has_the_key_takes_nothing_from_who_has_not() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, printer, liar] = [1, 2, 3].map(|number| host(&world, &lan, number));
    let key = key_file("a secret that is kept");
    let _responder = offer(&printer, &["lab-3".into()], &format!("--key-file {key}"));
    let _open = offer(&printer, &["lab-4".into()], "");
    let inventor = liar.peer("structured.py", &["invent", "10.0.0.3", "5"]);
    inventor.line_with("ready");
    let finished = run(&asker, &format!("discover --service * --json --key-file {key}"));
    assert_eq!(found(&finished), ["lab-3"], "{finished:?}");
    let done = done(&finished);
    assert_eq!(done["complete"], true, "{done}");
    assert!(done["ignored"].as_u64() > Some(10), "{done}");
}

#[test]
fn a_recorded_session_is_neither_answered_nor_accepted() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, printer, thief] = [1, 2, 3].map(|number| host(&world, &lan, number));
    let key = key_file("a secret overheard");
    let responder = offer(&printer, &["lab-3".into()], &format!("--key-file {key}"));
    let discover =
        format!("discover --service printer --json --source-port 4242 -t 2s --key-file {key}");
    let capture = asker.capture("eth0");
    let finished = run(&asker, &discover);
    assert_eq!(found(&finished), ["lab-3"], "{finished:?}");
    let recorded = capture.stop();
    let queries: Vec<_> = recorded.iter().filter(|packet| is(packet, QUERY)).collect();
    let replies: Vec<_> = recorded.iter().filter(|packet| is(packet, REPLY)).collect();
    assert!(queries.len() > 10 && !replies.is_empty(), "{recorded:?}");

    // From an address of the thief's own, all; as if from the asker, those that were answered then.
    let capture = printer.capture("eth0");
    let hexes: Vec<String> = queries.iter().map(|packet| hex(packet)).collect();
    let mut words = vec!["send", "10.0.0.3"];
    words.extend(hexes.iter().map(String::as_str));
    assert_eq!(thief.peer("structured.py", &words).wait().code, Some(0));
    for query in &queries[..3] {
        forge(&thief, query);
    }
    // By the time that the printer has answered this it has heard the others.
    let finished = run(&asker, &format!("discover --service printer -n 1 --key-file {key}"));
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let packets = capture.stop();
    assert!(questions(&packets) > queries.len() + 3, "{}", questions(&packets));
    let honest = |packet: &&Packet| {
        is(packet, REPLY) && packet.outgoing && packet.destination.port() != 4242
    };
    let honest = packets.iter().filter(honest).count();
    assert!(honest > 0);
    assert_eq!(answers(&packets), honest, "{packets:?}");
    assert!(packets.iter().all(|packet| packet.destination.ip().to_string() != "10.0.0.3"));

    // The answers, sent again to the next one who asks from that port.
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    let capture = asker.capture("eth0");
    let next = mcast(&asker, &discover);
    capture.packet(|packet| is(packet, QUERY));
    for reply in &replies {
        forge(&thief, reply);
    }
    let finished = next.wait();
    assert_eq!((finished.code, found(&finished).len()), (Some(1), 0), "{finished:?}");
    let heard = capture.stop().iter().filter(|packet| is(packet, REPLY)).count();
    assert_eq!(heard, replies.len());
    assert!(done(&finished)["ignored"].as_u64() >= Some(heard as u64), "{finished:?}");
}

/// A goodbye with the key is believed at once, so it comes sooner than questions could be asked.
#[test]
fn a_watcher_with_the_key_hears_those_who_have_it_come_and_go() {
    let Some(world) = World::new() else { return };
    let [ours, others] = ["a secret to watch by", "a secret of strangers"].map(key_file);
    let (asker, printer, responder) = asker_and_printer(&world, &format!("--key-file {ours}"));
    let stranger = offer(&printer, &["lab-9".into()], &format!("--key-file {others}"));
    let words = format!("discover --watch --service printer --json --key-file {ours}");
    let watcher = mcast(&asker, &words);
    let found = json(&watcher.event());
    assert_eq!((&found["event"], &found["name"]), (&"found".into(), &"lab-3".into()));
    assert_eq!(found["authentic"], true);
    assert_eq!(stranger.stop(Signal::TERM).code, Some(0));
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    let lost = json(&watcher.event());
    assert_eq!((&lost["event"], &lost["id"]), (&"lost".into(), &found["id"]), "{lost}");
    assert_eq!(lost["reason"], "goodbye");
}

/// The proof names the address that a question leaves from, so each card's has one of its own.
#[test]
fn a_question_proves_itself_on_every_card_that_it_leaves_by() {
    let Some(world) = World::new() else { return };
    let file = key_file("a secret of two cards");
    let key = format!("--key-file {file}");
    let [near, far] = [world.segment(), world.segment()];
    let asker = host(&world, &near, 1);
    asker.card("eth1", &far, &["10.1.0.1/24"]);
    let printers = [(&near, "10.0.0.2/24", "lab-3"), (&far, "10.1.0.2/24", "lab-4")];
    let _responders = printers.map(|(segment, address, name)| {
        let printer = world.host();
        printer.card("eth0", segment, &[address]);
        let responder = offer(&printer, &[name.into()], &key);
        (printer, responder)
    });
    let finished = run(&asker, &format!("discover --service printer --json {key}"));
    assert_eq!(found(&finished), ["lab-3", "lab-4"], "{finished:?}");
}

#[test]
fn who_has_another_key_is_told_of_on_both_sides() {
    let Some(world) = World::new() else { return };
    let [ours, others] = ["a secret of this side", "a secret of that side"].map(key_file);
    let (asker, _printer, responder) = asker_and_printer(&world, &format!("-v --key-file {ours}"));
    let words = "discover --service printer -v -t 500ms --source-port 4242";
    let finished = run(&asker, &format!("{words} --key-file {others}"));
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains("is anybody who has the key offering it"), "{finished:?}");
    // While it goes on, and at its end.
    responder.error_line_with("with another key than ours, or none");
    let finished = responder.stop(Signal::TERM);
    assert!(
        finished.stderr.contains(" refused in all: with another key than ours"),
        "{finished:?}"
    );
}

/// A file names its keys from where it is.
#[test]
fn services_and_their_key_are_read_from_a_file_wherever_it_is() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, printer] = [1, 2].map(|number| host(&world, &lan, number));
    let folder = tempfile::tempdir().expect("a folder of our own");
    let config = folder.path().join("services.toml");
    std::fs::write(
        &config,
        "lease = \"45s\"\nkey-file = [\"key\"]\n\n[[services]]\nservice = \"printer\"\n\
         name = \"lab-3\"\nport = 631\ntxt = [\"color=yes\"]\nid = \"c0ffee\"\n\n\
         [[services]]\nservice = \"scanner\"\n",
    )
    .expect("a file");
    let key = folder.path().join("key");
    std::fs::copy(key_file("a secret in a folder").0.path(), &key).expect("with its mode");
    let mut words = command(&printer, "respond --config");
    // From elsewhere, and by a path that is not from the root.
    words.arg(config.file_name().expect("a name")).current_dir(folder.path());
    let near = Process::start(words);
    printer.until_joined("eth0", GROUP, 1);
    assert_eq!(near.stop(Signal::TERM).code, Some(0));
    let mut words = command(&printer, "respond --config");
    words.arg(&config).current_dir("/");
    let _responder = Process::start(words);
    printer.until_joined("eth0", GROUP, 1);
    let key = key.to_str().expect("a path in UTF-8");
    let finished = run(&asker, &format!("discover --service * --json --key-file {key}"));
    let found = events(&finished.stdout, "found");
    let printer = found.iter().find(|event| event["service"] == "printer").expect("it is found");
    assert_eq!(
        (&printer["name"], &printer["port"], &printer["lease_ms"], &printer["id"]),
        (&"lab-3".into(), &631.into(), &45_000.into(), &"0000000000c0ffee".into())
    );
    assert_eq!((&printer["txt"]["color"], &printer["authentic"]), (&"yes".into(), &true.into()));
    assert!(found.iter().any(|event| event["service"] == "scanner" && event["name"].is_null()));
    assert_eq!((found.len(), &done(&finished)["complete"]), (2, &true.into()), "{finished:?}");
    // Who has a key answers no plain probe.
    assert_eq!(run(&asker, "discover -t 300ms").code, Some(1));
}
