//! What becomes of a packet in a base chain: its rules, and those of the chains that it jumps to.

use std::collections::BTreeMap;

use super::rules::{Rules, Verdict};
use crate::facts::Chain;

/// How deep jumps are followed: the kernel's own bound (NFT_JUMP_STACK_SIZE).
const DEEPEST: usize = 16;

/// How many rules are told of a chain, and how many are looked at: two jumps to the same chain are two ways
/// through it, so that a few rules can make very many.
const TOLD: usize = 512;
const LOOKED_AT: usize = 20_000;

/// The base chains, each with what it and the chains behind it accept and drop. A rule that is reached by
/// jumps comes after the rules that lead to it, each with a colon: `iifname "eth0" jump lan: udp dport 9 drop`.
pub(super) fn base_chains(all: &[Rules]) -> Vec<Chain> {
    let by_name = all.iter().map(|it| ((it.table.as_str(), it.chain.as_str()), it)).collect();
    let base_chain = |rules: &Rules| {
        let (hook, drops_by_default) = rules.base?;
        let (table, name) = (rules.table.clone(), rules.chain.clone());
        let (drops, accepts) = (Vec::new(), Vec::new());
        let chain = Chain { table, name, hook, drops_by_default, drops, accepts };
        let mut walk = Walk { by_name: &by_name, chain, looked_at: 0, left_out: 0 };
        walk.through(rules, "", 0);
        Some(walk.done())
    };
    all.iter().filter_map(base_chain).collect()
}

struct Walk<'a> {
    by_name: &'a BTreeMap<(&'a str, &'a str), &'a Rules>,
    chain: Chain,
    looked_at: usize,
    left_out: usize,
}

impl Walk<'_> {
    fn through(&mut self, rules: &Rules, path: &str, depth: usize) {
        for rule in &rules.rules {
            self.looked_at += 1;
            if self.looked_at > LOOKED_AT || depth > DEEPEST {
                self.left_out += 1;
                return;
            }
            let text = format!("{path}{}", rule.text);
            if rule.verdicts.contains(&Verdict::Drop) {
                add(&mut self.chain.drops, &text, &mut self.left_out);
            }
            if rule.verdicts.contains(&Verdict::Accept) {
                add(&mut self.chain.accepts, &text, &mut self.left_out);
            }
            for verdict in &rule.verdicts {
                let Verdict::Jump(to) = verdict else { continue };
                if let Some(rules) = self.by_name.get(&(rules.table.as_str(), to.as_str())) {
                    self.through(rules, &format!("{text}: "), depth + 1);
                }
            }
        }
    }

    /// The chain; what was left out of it stands among its drops, since it may be one.
    fn done(mut self) -> Chain {
        if self.left_out > 0 {
            self.chain.drops.push("and more rules than are told here".into());
        }
        self.chain
    }
}

fn add(to: &mut Vec<String>, text: &str, left_out: &mut usize) {
    if to.len() < TOLD {
        to.push(text.to_owned());
    } else {
        *left_out += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Hook;
    use crate::gather::firewall::rules::Rule;

    fn jump(to: &str) -> Rule {
        Rule { text: format!("jump {to}"), verdicts: vec![Verdict::Jump(to.into())] }
    }

    fn drop() -> Rule {
        Rule { text: "drop".into(), verdicts: vec![Verdict::Drop] }
    }

    fn chain(name: &str, base: Option<(Hook, bool)>, rules: Vec<Rule>) -> Rules {
        Rules { table: "ip filter".into(), chain: name.into(), base, rules }
    }

    #[test]
    fn what_is_jumped_to_is_told_with_the_way_there() {
        let both = Rule { text: "either".into(), verdicts: vec![Verdict::Accept, Verdict::Drop] };
        let all = [
            chain("input", Some((Hook::Input, true)), vec![jump("a"), jump("nowhere")]),
            chain("a", None, vec![jump("b"), drop()]),
            chain("b", None, vec![both]),
        ];
        let told = base_chains(&all);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].hook, told[0].drops_by_default), (Hook::Input, true));
        assert_eq!(told[0].drops, ["jump a: jump b: either", "jump a: drop"]);
        assert_eq!(told[0].accepts, ["jump a: jump b: either"]);
    }

    #[test]
    fn what_grows_without_end_is_cut_and_said_to_be() {
        let circle = [chain("input", Some((Hook::Input, false)), vec![jump("input"), drop()])];
        let last = "and more rules than are told here";
        assert_eq!(base_chains(&circle)[0].drops.last().unwrap(), last);
        let mut doubling = vec![chain("input", Some((Hook::Input, false)), vec![jump("0")])];
        for step in 0..15 {
            let next = (step + 1).to_string();
            doubling.push(chain(&step.to_string(), None, vec![jump(&next), jump(&next), drop()]));
        }
        let told = base_chains(&doubling);
        assert_eq!((told[0].drops.len(), told[0].drops.last().unwrap().as_str()), (TOLD + 1, last));
    }
}
