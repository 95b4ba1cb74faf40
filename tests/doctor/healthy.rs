//! Networks with nothing wrong.

use mcast_tests::netns::{Process, World};

use crate::examine::{Who, examine, is_quiet};
use crate::scene::Scene;

#[test]
fn three_hosts() {
    let Some(world) = World::new() else { return };
    is_quiet(&Scene::at_home(&world, &world.segment()));
}

#[test]
fn one_alone() {
    let Some(world) = World::new() else { return };
    is_quiet(&Scene::on(&world, &world.segment()));
}

#[test]
fn ipv6_only() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let mut scene = Scene::bare(&world);
    scene.host.card("eth0", &lan, &["fe80::1/64", "2001:db8::1/64"]);
    is_quiet(&scene);
    let device = world.host();
    device.card("eth0", &lan, &["fe80::2/64"]);
    let process = device.peer("household.py", &["fe80::2", "eth0"]);
    process.line_with("ready");
    scene.keep(device, process);
    is_quiet(&scene);
}

/// Thirty examinations beside as many busy loops as there are processors, each of which ends by itself.
#[test]
#[ignore = "takes minutes: .ci/deep doctor"]
fn thirty_runs_under_load() {
    let Some(world) = World::new() else { return };
    let scene = Scene::at_home(&world, &world.segment());
    let busy = std::thread::available_parallelism().map_or(2, usize::from);
    // Each ends with this test, however that ends, or by itself.
    let spin = "import time\nend = time.monotonic() + 600\nwhile time.monotonic() < end: pass";
    let _loops: Vec<Process> = (0..busy).map(|_| scene.host.python(["-c", spin])).collect();
    let runs = (0..30).map(|run| examine(&scene, if run % 2 == 0 { Who::Root } else { Who::User }));
    let alarms: Vec<String> =
        runs.filter(|it| !it.alarms().is_empty() || it.code != Some(0)).map(|it| it.said).collect();
    println!("{} of 30 runs under load gave an alarm", alarms.len());
    assert!(alarms.is_empty(), "{alarms:?}");
}
