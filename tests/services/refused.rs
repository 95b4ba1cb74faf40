//! Services whose sockets the system refuses for good.

use mcast_tests::netns::{Finished, Host, Process, World};

use crate::{host, run};

/// A program that holds a port and does not share it.
fn hold(host: &Host<'_>, port: u16) -> Process {
    let script = format!(
        "import socket, time\n\
         s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
         s.bind(('', {port})); print('bound'); time.sleep(1000)"
    );
    let holder = host.python(["-c", &script]);
    holder.line_with("bound");
    holder
}

/// Asserts that it is exit 3 and one line, which says all this.
#[track_caller]
fn assert_refused(finished: &Finished, said: &[&str]) {
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(3), ""), "{finished:?}");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished:?}");
    assert!(said.iter().all(|part| finished.stderr.contains(part)), "{finished:?}");
}

#[test]
fn a_service_that_can_hear_nobody_is_not_offered() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let printer = host(&world, &lan, 1);
    let holder = hold(&printer, 50_009);
    for words in ["respond --service printer", "respond --service printer --no-plain"] {
        assert_refused(&run(&printer, words), &["239.255.80.9:50009", "SO_REUSEADDR"]);
    }
    drop(holder);
    // Nor one beside plain answers that nobody would ask for.
    let _holder = hold(&printer, 50_008);
    assert_refused(
        &run(&printer, "respond --service printer"),
        &["224.1.1.1:50008", "SO_REUSEADDR"],
    );
}

#[test]
fn a_port_that_is_not_for_everybody_is_told_as_such() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let printer = host(&world, &lan, 1);
    let mcast = env!("CARGO_BIN_EXE_mcast");
    for words in ["--service printer --no-plain -g 239.255.80.9:1000", "-g 224.1.1.1:1000"] {
        // Without the power that root has over such ports.
        let mut with = vec!["--bounding-set", "-net_bind_service", mcast, "respond"];
        with.extend(words.split(' '));
        assert_refused(&printer.run("setpriv", with), &[":1000", "below 1024"]);
    }
}
