//! The live table, through a terminal: its widths, its keys, and that the terminal is left as it was.

use std::fmt::Write as _;

use mcast_tests::netns::{Host, Process, Signal, World, until};

use crate::{command, respond, two_hosts};

const WATCH: &str = "--color never discover --service printer --watch";

/// So many services of one host, each of which says something of itself.
fn offer(host: &Host<'_>, count: usize) -> Process {
    let mut text = String::from("no-plain = true\n");
    for number in 1..=count {
        let name = format!("lab-{number:03}");
        write!(
            text,
            "[[services]]\nservice = \"printer\"\nname = \"{name}\"\nport = {}\ntxt = [\"floor={number}\"]\n",
            1000 + number
        )
        .expect("to a string");
    }
    let file = tempfile::NamedTempFile::new().expect("a file of our own");
    std::fs::write(file.path(), text).expect("it is written");
    let mut words = command(host, "respond --config");
    words.arg(file.path());
    let responder = Process::start(words);
    // The file is read by then.
    responder.error_line_with("offering ");
    responder
}

/// A terminal, and what was seen on it.
struct Screen {
    process: Process,
    seen: Vec<String>,
}

impl Screen {
    fn of(host: &Host<'_>, words: &str, size: (u16, u16)) -> Screen {
        let process = Process::start_on_terminal_of(command(host, words), size);
        Screen { process, seen: Vec::new() }
    }

    /// Waits until a line has this; what was seen before it is forgotten.
    #[track_caller]
    fn wait_for(&mut self, part: &str) {
        let Screen { process, seen } = self;
        until(part, || {
            seen.extend(process.lines_so_far());
            seen.iter().any(|line| line.contains(part))
        });
        let at = seen.iter().position(|line| line.contains(part)).expect("it was seen");
        seen.drain(..at);
    }

    /// Types keys, and waits for what they show: what was on its way before is no answer to them.
    #[track_caller]
    fn press(&mut self, keys: &str, part: &str) {
        self.process.type_keys(keys);
        self.wait_for(part);
    }
}

/// The last frame that was drawn: its lines without sequences.
fn last_frame(seen: &str) -> Vec<String> {
    let frame = &seen[seen.rfind("NAME").expect("a header")..];
    let plain = |line: &str| line.replace("\x1b[K", "").replace("\x1b[J", "").replace('\r', "");
    frame.lines().map(plain).filter(|line| !line.is_empty()).collect()
}

#[test]
fn five_hundred_services_are_scrolled_sorted_and_left_by_keys() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _responder = offer(&answerer, 500);
    let mut screen = Screen::of(&asker, WATCH, (80, 24));
    screen.wait_for("500 there; rows 1-21 of 500; 500 found and 0 lost; on eth0");
    assert!(!screen.process.is_terminal_as_ever(), "keys come one by one");
    screen.press("\x1b[F", "rows 480-500 of 500");
    screen.press("\x1b[5~", "rows 459-479 of 500");
    screen.press("k", "rows 458-478 of 500");
    screen.press("s", "NAME▲");
    screen.press("r", "NAME▼");
    screen.wait_for("lab-500 printer");
    screen.press("j\x1b[B", "rows 3-23 of 500");
    // A shell that stops it goes on with the terminal, and the table stands below what the shell wrote.
    screen.process.signal(Signal::STOP);
    screen.process.signal(Signal::CONT);
    screen.seen.clear();
    screen.press("r", "NAME▲");
    screen.process.type_keys("q");
    until("it has ended", || !screen.process.is_running());
    assert!(screen.process.is_terminal_as_ever());
    let finished = screen.process.wait();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(
        !finished.stdout.contains("\x1b[F") && finished.stdout.contains("500 responders found in")
    );
    let seen = screen.seen.join("\n") + "\n" + &finished.stdout;
    assert!(!last_frame(&seen).iter().any(|line| line.contains("q quit")), "{seen:?}");
}

#[test]
fn however_it_ends_the_terminal_is_as_it_was() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _responder = offer(&answerer, 3);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut screen = Screen::of(&asker, WATCH, (80, 24));
        screen.wait_for("3 there; ");
        until("it listens to keys", || !screen.process.is_terminal_as_ever());
        screen.process.signal(signal);
        until("it has ended", || !screen.process.is_running());
        assert!(screen.process.is_terminal_as_ever(), "{signal:?}");
        assert_eq!(screen.process.wait().code, Some(code));
    }
    // Ctrl-C is the signal that it always is, and lines end where they always do.
    let mut words = asker.command("setsid");
    words.args(["--ctty", "--wait", crate::MCAST]).args(WATCH.split(' '));
    let terminal = Process::start_on_terminal(words);
    let mut screen = Screen { process: terminal, seen: Vec::new() };
    screen.wait_for("3 there; ");
    until("it listens to keys", || !screen.process.is_terminal_as_ever());
    screen.process.type_keys("\x03");
    until("it has ended", || !screen.process.is_running());
    assert!(screen.process.is_terminal_as_ever());
    let finished = screen.process.wait();
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert!(finished.stdout.contains("3 responders found in"), "{finished:?}");
}

#[test]
fn at_each_width_all_fits_and_numbers_are_whole() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    for count in [3, 500] {
        let _responder = offer(&answerer, count);
        for width in [40, 80, 120] {
            let mut screen = Screen::of(&asker, WATCH, (width, 24));
            screen.wait_for(&format!("{count} there; "));
            let finished = screen.process.stop(Signal::INT);
            let seen = screen.seen.join("\n") + "\n" + &finished.stdout;
            let frame = last_frame(&seen);
            // The last line is what is said after it.
            let (said, frame) = frame.split_last().expect("lines");
            assert!(said.contains("responders found in"), "{said}");
            let shown = count.min(22);
            assert_eq!(frame.len(), shown + 2, "{frame:#?}");
            for (number, line) in (1..).zip(&frame[1..=shown]) {
                let whole = format!("lab-{number:03} ");
                let address = format!(" 10.0.0.2:{} ", 1000 + number);
                assert!(line.starts_with(&whole) && line.contains(&address), "{frame:#?}");
                assert_eq!(line.contains(&format!(" floor={number}")), width > 40, "{frame:#?}");
                assert!(line.chars().count() < width.into(), "{frame:#?}");
            }
        }
    }
}

#[test]
fn one_who_is_lost_stays_for_a_while_with_the_reason() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let responder = offer(&answerer, 2);
    let mut screen = Screen::of(&asker, WATCH, (120, 24));
    screen.wait_for("2 there; ");
    responder.stop(Signal::TERM);
    screen.wait_for(" goodbye ");
    screen.wait_for("0 there; 2 found and 2 lost; on eth0; last lost lab-00");
    assert_eq!(screen.process.stop(Signal::INT).code, Some(130));
}

#[test]
fn a_scan_that_watches_says_by_which_protocol() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _services = offer(&answerer, 1);
    let _plain = respond(&answerer, "eth0", "");
    let words = "--color never scan --only plain,mcast --watch";
    let mut screen = Screen::of(&asker, words, (80, 24));
    screen.wait_for("2 there; ");
    let finished = screen.process.stop(Signal::INT);
    let seen = screen.seen.join("\n") + "\n" + &finished.stdout;
    let frame = last_frame(&seen);
    assert!(frame[0].contains(" PROTOCOL "), "{frame:#?}");
    for protocol in [" mcast ", " plain "] {
        assert!(frame[1..3].iter().any(|line| line.contains(protocol)), "{frame:#?}");
    }
}
