//! What systemd is told of `mcast respond`.

use mcast_tests::netns::{Process, Signal, World};

use crate::MCAST;

#[test]
fn the_manager_hears_when_it_answers_and_when_it_ends() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    host.card("eth0", &world.segment(), &["10.0.0.1/24"]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify").to_str().expect("UTF-8").to_owned();
    for socket in [&*path, "@mcast-test/notify"] {
        let manager = host.peer("manager.py", &[socket]);
        manager.line_with("bound");
        let mut command = host.command(MCAST);
        command.args(["respond", "--service", "printer", "--name", "lab\u{1b}[2J"]);
        // Names of services have none: it is refused before anything is open.
        command.env("NOTIFY_SOCKET", socket);
        assert_eq!(Process::start(command).wait().code, Some(2));
        let mut command = host.command(MCAST);
        command.args(["respond", "--service", "printer", "--service", "camera"]);
        command.env("NOTIFY_SOCKET", socket);
        let responder = Process::start(command);
        assert_eq!(manager.line(), "READY=1");
        // By then it hears.
        assert_eq!(host.joined("eth0", "224.1.1.1"), 1);
        let status = manager.line();
        assert_eq!(status, "STATUS=offering printer in 239.255.80.9:50009 on eth0; and 2 more",);
        assert!(manager.lines_so_far().is_empty());
        responder.signal(Signal::TERM);
        assert_eq!(manager.line(), "STOPPING=1");
        assert_eq!(responder.wait().code, Some(0));
        assert!(manager.lines_so_far().is_empty(), "once");
    }
}

#[test]
fn an_end_without_a_signal_is_told_too() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    host.card("eth0", &world.segment(), &["10.0.0.1/24"]);
    let manager = host.peer("manager.py", &["@mcast"]);
    manager.line_with("bound");
    let mut command = host.command(MCAST);
    command.args(["respond", "-n", "1"]).env("NOTIFY_SOCKET", "@mcast");
    let responder = Process::start(command);
    manager.line_with("STATUS=answering 224.1.1.1:50008 on eth0");
    let mut asker = host.command(MCAST);
    asker.args(["discover", "-n", "1"]);
    assert_eq!(Process::start(asker).wait().code, Some(0));
    assert_eq!(responder.wait().code, Some(0));
    assert_eq!(manager.line(), "STOPPING=1");
}

#[test]
fn without_an_interface_it_is_ready_for_the_first_and_says_so() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    let manager = host.peer("manager.py", &["@mcast"]);
    manager.line_with("bound");
    let mut command = host.command(MCAST);
    command.args(["respond", "-i", "!lo"]).env("NOTIFY_SOCKET", "@mcast");
    let responder = Process::start(command);
    assert_eq!(manager.line(), "READY=1");
    assert_eq!(manager.line(), "STATUS=answering 224.1.1.1:50008 as soon as an interface is up");
    responder.stop(Signal::TERM);
}

#[test]
fn a_manager_that_has_gone_ends_nothing() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    host.card("eth0", &world.segment(), &["10.0.0.1/24"]);
    for socket in ["@nobody", "/nowhere/at/all", "relative", ""] {
        let mut command = host.command(MCAST);
        command.args(["respond"]).env("NOTIFY_SOCKET", socket);
        let responder = Process::start(command);
        responder.error_line_with("answering 224.1.1.1:50008 on eth0");
        assert_eq!(responder.stop(Signal::TERM).code, Some(0), "{socket}");
    }
}
