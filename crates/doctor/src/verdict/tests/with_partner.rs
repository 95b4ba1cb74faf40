//! Faults that need a second host.

use super::build::*;
use super::check;
use crate::facts::{Counters, Exchange, Facts, Hops, Interface, Partner, Reach, Seen, Size, Way};
use crate::finding::{Code, Level};
use crate::verdict::findings;

const ALL: [u32; 4] = [5, 5, 5, 5];
const NONE: [u32; 4] = [0; 4];

#[test]
fn a_host_that_is_not_there_or_does_not_answer() {
    let reach = |ping, neighbour, port| Reach {
        ping: Seen::Is(ping),
        neighbour: Seen::Is(neighbour),
        refused_port: Seen::Is(port),
    };
    let gone = || Partner { reach: reach((3, 0), false, false), ..partner(NONE) };
    let far = |partner| Partner { on_link: false, ..partner };
    let unreachable: &[(Code, Level)] = &[(Code::Unreachable, Level::Fault)];
    check(vec![
        ("gone", with(gone()), unreachable),
        ("gone, beyond a router", with(far(gone())), unreachable),
        ("no address", with(Partner { address: None, ..gone() }), unreachable),
        (
            "nothing may be tried",
            with(Partner { reach: Reach::default(), ..gone() }),
            &[(Code::Unreachable, Level::Unsure)],
        ),
        (
            "no way there",
            with(Partner { interface: None, reach: Reach::default(), ..gone() }),
            unreachable,
        ),
        ("no responder", with(partner(NONE)), &[(Code::NoResponder, Level::Fault)]),
        (
            "no way for groups, beyond a router",
            with(far(partner(NONE))),
            &[(Code::GroupLost, Level::Fault)],
        ),
        ("twin: all is well", with(partner(ALL)), &[]),
        (
            "twin: it does not answer pings",
            with(Partner { reach: reach((3, 0), true, false), ..partner(ALL) }),
            &[],
        ),
        ("twin: alone together", Facts { signal: signal(Vec::new()), ..with(partner(ALL)) }, &[]),
    ]);
}

#[test]
fn ways_that_do_not_work() {
    let pruned: &[(Code, Level)] = &[(Code::GroupsPruned, Level::Fault)];
    let lost: &[(Code, Level)] = &[(Code::GroupLost, Level::Fault)];
    let mut plain = partner([5, 0, 5, 0]);
    for exchange in &mut plain.exchanges {
        if matches!(exchange.way, Way::GroupThenGroup | Way::LinkThenLink) {
            exchange.asked = 0;
        }
    }
    check(vec![
        ("routed groups are pruned", with(partner([0, 0, 5, 5])), pruned),
        ("routed groups are pruned towards us", with(partner([5, 0, 5, 5])), pruned),
        ("no unicast", with(partner([0, 5, 0, 5])), &[(Code::FirewallUnicast, Level::Fault)]),
        ("no groups towards us", with(partner([5, 0, 5, 0])), lost),
        ("twin: a responder that answers by unicast alone", with(plain), &[]),
    ]);
}

#[test]
fn ways_that_worked_and_stopped() {
    let stopped = |ways: &[(Way, u64)]| Partner {
        stopped: ways.to_vec(),
        tried_ms: 300_000,
        ..partner([100, 100, 120, 120])
    };
    let partner_of = |ways: &[(Way, u64)]| with(stopped(ways));
    let groups = [(Way::GroupThenUnicast, 259_000), (Way::GroupThenGroup, 260_000)];
    let early = [(Way::GroupThenUnicast, 90_000), (Way::GroupThenGroup, 91_000)];
    let all = [groups[0], groups[1], (Way::LinkThenUnicast, 260_000), (Way::LinkThenLink, 260_000)];
    check(vec![
        ("routed groups", partner_of(&groups), &[(Code::GroupsPruned, Level::Fault)]),
        ("routed groups, early", partner_of(&early), &[(Code::GroupsPruned, Level::Fault)]),
        ("all", partner_of(&all), &[(Code::GroupLost, Level::Fault)]),
        ("twin: none", partner_of(&[]), &[]),
    ]);
    let why = |ways| findings(&partner_of(ways))[0].why.clone();
    assert!(why(&groups).unwrap().contains("260 s"));
    assert_eq!(why(&early), None);
}

#[test]
fn a_ttl_that_is_too_small() {
    let hops = |least_ttl| Some(Hops { answers: Some(1), least_ttl, tried: vec![1, 2, 4] });
    let far =
        |least, answered| with(Partner { on_link: false, hops: hops(least), ..partner(answered) });
    let near = with(Partner { hops: hops(Some(2)), ..partner(ALL) });
    check(vec![
        (
            "two hops",
            Facts { partner: far(Some(2), NONE).partner, ..healthy() },
            &[(Code::TtlTooSmall, Level::Fault)],
        ),
        ("twin: one is enough", far(Some(1), ALL), &[]),
        ("twin: on the link, and the first was lost", near, &[]),
    ]);
    assert_eq!(findings(&far(Some(2), NONE))[0].remedies, ["mcast discover --ttl 2"]);
}

#[test]
fn long_datagrams_that_are_lost() {
    let size =
        |bytes, answered, too_long| Size { bytes, to_group: false, asked: 3, answered, too_long };
    let sizes = |sizes: &[Size]| with(Partner { sizes: sizes.to_vec(), ..partner(ALL) });
    let hole: &[(Code, Level)] = &[(Code::MtuBlackHole, Level::Fault)];
    let small = size(1172, 3, 0);
    check(vec![
        ("a hole", sizes(&[small.clone(), size(1372, 0, 0), size(1472, 0, 0)]), hole),
        ("twin: a router tells", sizes(&[small.clone(), size(1472, 0, 3)]), &[]),
        (
            "twin: a router tells of the longest",
            sizes(&[small.clone(), size(1400, 0, 0), size(1472, 0, 3)]),
            &[],
        ),
        (
            "twin: longer than the interface's own",
            sizes(&[small.clone(), size(1472, 3, 0), size(2000, 0, 0)]),
            &[],
        ),
        ("twin: no size comes through", sizes(&[size(100, 0, 0), size(1472, 0, 0)]), &[]),
        ("twin: one was lost", sizes(&[small, size(1300, 0, 0), size(1472, 3, 0)]), &[]),
    ]);
    let said = findings(&sizes(&[size(1172, 3, 0), size(1472, 0, 0)]));
    assert_eq!(said[0].remedies, ["ip link set eth0 mtu 1200"]);
}

#[test]
fn questions_that_are_lost_and_an_asymmetric_route() {
    let exchange =
        |asked, answered| Exchange { way: Way::GroupThenUnicast, asked, answered, rtt_ms: None };
    let lossy = |asked, answered| {
        with(Partner { exchanges: vec![exchange(asked, answered)], ..partner(ALL) })
    };
    let counters = Seen::Is(Counters { reverse_path_filter: 9, ..Counters::default() });
    let strict = Interface { rp_filter: Some(1), ..interface("eth0", "10.0.0.1/24") };
    let asymmetric = |answered| Facts {
        interfaces: vec![loopback(), strict.clone()],
        counters: counters.clone(),
        ..with(partner(answered))
    };
    check(vec![
        ("30 of 40", lossy(40, 30), &[(Code::Loss, Level::Warning)]),
        ("twin: 37 of 40", lossy(40, 37), &[]),
        ("twin: 2 of 5", lossy(5, 2), &[]),
        (
            "asymmetric",
            asymmetric(NONE),
            &[(Code::ReversePath, Level::Fault), (Code::NoResponder, Level::Fault)],
        ),
        ("asymmetric for others", asymmetric(ALL), &[(Code::ReversePath, Level::Warning)]),
    ]);
}
