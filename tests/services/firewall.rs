//! A stateful firewall on the asker's host. To it the unicast answer to a multicast query belongs to no
//! flow.

use mcast_tests::netns::{Host, World};

use crate::{asker_and_printer, done, events, run};

fn drop_unrelated(host: &Host<'_>, but: &str) {
    host.nft(&format!(
        "table inet guard {{ chain input {{\n\
         type filter hook input priority 0; policy drop;\n\
         iif lo accept\n\
         ct state established,related accept\n\
         meta pkttype multicast accept\n\
         {but}\n}}\n}}"
    ));
}

#[test]
fn answers_that_a_firewall_drops_come_by_the_group_and_the_summary_says_so() {
    let Some(world) = World::with_nft() else { return };
    let (asker, _printer, _responder) = asker_and_printer(&world, "");
    drop_unrelated(&asker, "");
    let finished = run(&asker, "discover --service printer --json");
    let found = events(&finished.stdout, "found");
    assert_eq!((finished.code, found.len()), (Some(0), 1), "{finished:?}");
    assert_eq!((&found[0]["name"], &found[0]["via"]), (&"lab-3".into(), &"group".into()));
    assert_eq!(done(&finished)["found_by_group"], 1);
    assert!(finished.stderr.contains("firewall"), "{}", finished.stderr);
    assert!(finished.stderr.contains("--source-port"), "{}", finished.stderr);
}

#[test]
fn a_rule_for_the_source_port_lets_answers_in() {
    let Some(world) = World::with_nft() else { return };
    let (asker, _printer, _responder) = asker_and_printer(&world, "");
    drop_unrelated(&asker, "udp dport 4242 accept");
    let finished = run(&asker, "discover --service printer --json --source-port 4242");
    let found = events(&finished.stdout, "found");
    assert_eq!((finished.code, found.len()), (Some(0), 1), "{finished:?}");
    assert_eq!((&found[0]["name"], &found[0]["via"]), (&"lab-3".into(), &"unicast".into()));
    let done = done(&finished);
    assert_eq!((&done["complete"], &done["found_by_group"]), (&true.into(), &0.into()), "{done}");
    assert!(!finished.stderr.contains("firewall"), "{}", finished.stderr);
}
