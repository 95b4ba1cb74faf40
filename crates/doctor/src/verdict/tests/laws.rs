//! What holds of any facts.

use proptest::prelude::*;

use super::build::*;
use crate::facts::{Binding, Facts, Hook, Seen, Size, Step};
use crate::finding::Level;
use crate::verdict::findings;

const NUMBERS: [u32; 6] = [0, 1, 3, 21, 300_000, u32::MAX];

fn number() -> impl Strategy<Value = u32> {
    prop::sample::select(&NUMBERS[..])
}

fn step() -> impl Strategy<Value = Step> {
    prop::sample::select(vec![
        Step::NotOpened,
        Step::NotJoined,
        Step::NotListed,
        Step::NotSent,
        Step::NotHeard,
        Step::Heard,
    ])
}

prop_compose! {
    fn any_device()(
        numbers in prop::array::uniform6(number()),
        last in 1u8..4,
        dialect in prop::sample::select(vec!["mdns", "ssdp", "wsd", ""]),
    ) -> crate::facts::Device {
        let mut device = device(&format!("10.0.0.{last}"), dialect);
        [device.to_group, device.announced, device.answered_to_group, device.answered_by_unicast,
            device.asked_directly, device.answered_directly] = numbers;
        device
    }
}

prop_compose! {
    fn any_partner()(
        answered in prop::array::uniform4(number()),
        asked in prop::array::uniform4(number()),
        on_link in any::<bool>(),
        sizes in prop::collection::vec((number(), any::<bool>(), number(), number(), number()), 0..4),
        hop in any::<u8>(),
        stopped in any::<bool>(),
        ping in (number(), number()),
    ) -> crate::facts::Partner {
        let mut partner = partner(answered);
        for (exchange, asked) in partner.exchanges.iter_mut().zip(asked) {
            exchange.asked = asked;
        }
        if stopped {
            partner.stopped = partner.exchanges.iter().take(hop as usize % 5).map(|it| (it.way, u64::MAX)).collect();
        }
        partner.on_link = on_link;
        partner.reach.ping = Seen::Is(ping);
        partner.sizes = sizes.into_iter().map(|(bytes, to_group, asked, answered, too_long)| {
            Size { bytes, to_group, asked, answered, too_long }
        }).collect();
        partner.hops = Some(crate::facts::Hops { answers: Some(hop), least_ttl: Some(hop), tried: vec![1, hop] });
        partner
    }
}

prop_compose! {
    fn any_facts()(
        devices in prop::collection::vec(any_device(), 0..5),
        steps in prop::collection::vec(step(), 0..3),
        used in prop::array::uniform2(any::<bool>()),
        chosen in any::<bool>(),
        rp_filter in prop::option::of(0u8..3),
        numbers in prop::array::uniform4(number()),
        partner in prop::option::of(any_partner()),
        drops in prop::option::of(prop::collection::vec("[a-z \"0-9-]{0,20}", 0..3)),
        neighbours in prop::option::of(Just(usize::MAX)),
        words in ".{0,8}",
    ) -> Facts {
        let mut facts = Facts { partner, ..healthy() };
        let listened = u64::from(numbers[0]);
        facts.signal = signal(devices);
        facts.signal.listened_ms = listened;
        facts.signal.dropped = numbers[1].into();
        for asked in &mut facts.signal.asked {
            (asked.for_unicast, asked.for_group) = (numbers[2], numbers[3]);
        }
        facts.chosen = chosen;
        facts.interfaces.push(interface(&words, &words));
        for (interface, used) in facts.interfaces.iter_mut().skip(1).zip(used) {
            (interface.used, interface.rp_filter) = (used, rp_filter);
            interface.neighbours = neighbours.map_or(Seen::default(), Seen::Is);
            interface.up = numbers[0] > 0;
            interface.carrier = numbers[1] > 0;
        }
        facts.echoes = steps.into_iter().map(|step| echo("eth0", step)).collect();
        facts.firewall = match drops {
            Some(drops) => {
                let drops: Vec<&str> = drops.iter().map(String::as_str).collect();
                filter(Hook::Input, numbers[2] > 0, &drops)
            }
            None => unread(),
        };
        if let Seen::Is(counters) = &mut facts.counters {
            counters.reverse_path_filter = numbers[3].into();
        }
        facts.ports[0].binding = Binding::Refused(words);
        facts
    }
}

proptest! {
    #[test]
    fn any_facts_have_a_verdict_that_can_be_told(facts in any_facts()) {
        let all = findings(&facts);
        prop_assert!(all.is_sorted_by_key(|it| it.level));
        for finding in &all {
            prop_assert!(!finding.what.is_empty());
            if finding.level == Level::Unsure {
                prop_assert!(finding.decided_by.is_some(), "{:?}", finding);
            }
        }
        let text = serde_json::to_string(&facts).unwrap();
        let again: Facts = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(findings(&again), all);
    }

    /// However much is heard, and however often it was asked: where all is answered nothing is wrong.
    #[test]
    fn a_machine_on_which_all_works_has_no_fault_and_no_warning(
        hosts in prop::collection::btree_set(2u8..250, 0..6),
        times in 1u32..1000,
        drops in prop::collection::vec(prop::sample::select(vec!["tcp dport 22 drop", "drop"]), 0..3),
        by_default in any::<bool>(),
        is_read in any::<bool>(),
        listened in 0u64..400_000,
    ) {
        let devices = hosts.into_iter().flat_map(|last| ["mdns", "ssdp"].map(|dialect| {
            let mut device = device(&format!("10.0.0.{last}"), dialect);
            device.asked_directly = times;
            device.answered_directly = times;
            device
        }));
        let mut facts = Facts { signal: signal(devices.collect()), ..healthy() };
        facts.signal.listened_ms = listened;
        facts.firewall = if is_read { filter(Hook::Input, by_default, &drops) } else { unread() };
        for finding in findings(&facts) {
            prop_assert!(finding.level >= Level::Unsure, "{:?}", finding);
        }
    }
}
