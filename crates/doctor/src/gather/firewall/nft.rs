//! What nft(8) tells: `nft list ruleset`.

mod rule;

use super::rules::Rules;
use super::words::{Word, words};
use crate::facts::Hook;
use rule::Maps;

/// What the lines within a table belong to.
#[derive(Debug, Default)]
enum Block {
    Chain {
        chain: String,
        statements: Vec<String>,
    },
    Map(String),
    #[default]
    Other,
}

/// A table while it is read.
#[derive(Debug, Default)]
struct Table {
    name: String,
    /// Whether somebody has switched it off.
    dormant: bool,
    chains: Vec<(String, Vec<String>)>,
    maps: Maps,
}

/// The chains of all tables that see IP packets.
pub(super) fn rules(text: &str) -> Vec<Rules> {
    let mut found = Vec::new();
    let (mut table, mut block, mut depth) = (Table::default(), Block::Other, 0_usize);
    // A statement may go over several lines, until its braces are closed.
    let mut statement = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let words = words(line);
        let first = words.first().map_or("", |word| word.text);
        let name = words.get(1).map_or("", |word| word.text);
        let count = |brace| words.iter().filter(|word| word.is(brace)).count();
        let after = (depth + count("{")).saturating_sub(count("}"));
        match (depth, first) {
            (0, "table") => {
                let family = words.get(2).map_or("", |word| word.text);
                table = Table { name: format!("{name} {family}"), ..Table::default() };
            }
            (1, "flags") => table.dormant |= words.iter().any(|word| word.is("dormant")),
            (1, "chain") => block = Block::Chain { chain: name.into(), statements: Vec::new() },
            (1, "map") => block = Block::Map(name.into()),
            (2.., _) if after >= 2 => {
                statement += line;
                statement.push(' ');
                if after == 2 {
                    let whole = std::mem::take(&mut statement);
                    match &mut block {
                        Block::Chain { statements, .. } => statements.push(whole.trim().into()),
                        Block::Map(map) => table.maps.add(map, &whole),
                        Block::Other => {}
                    }
                }
            }
            _ => {}
        }
        if depth > 1 && after <= 1 {
            if let Block::Chain { chain, statements } = std::mem::take(&mut block) {
                table.chains.push((chain, statements));
            }
            statement.clear();
        }
        if depth > 0 && after == 0 {
            found.extend(chains(std::mem::take(&mut table)));
        }
        depth = after;
    }
    found
}

fn chains(table: Table) -> Vec<Rules> {
    if table.dormant || table.name.starts_with("arp ") {
        return Vec::new();
    }
    let chain = |(chain, statements): (String, Vec<String>)| {
        let base = statements.iter().find_map(|statement| base(&words(statement)));
        // No rule begins with the word that tells where the chain sits.
        let rules = statements.iter().filter(|statement| !statement.starts_with("type "));
        let rules = rules.filter_map(|statement| rule::rule(statement, &table.maps));
        Rules { table: table.name.clone(), chain, base, rules: rules.collect() }
    };
    table.chains.into_iter().map(chain).collect()
}

/// Where a base chain sits, and whether it drops by default: `type filter hook input priority filter; policy
/// drop;`.
fn base(words: &[Word<'_>]) -> Option<(Hook, bool)> {
    let after = |word: &str| {
        let place = words.iter().position(|it| it.is(word))?;
        words.get(place + 1).map(|word| word.text)
    };
    words.first().filter(|word| word.is("type"))?;
    let hook = match after("hook")? {
        "ingress" | "prerouting" => Hook::Before,
        "input" => Hook::Input,
        "output" | "postrouting" | "egress" => Hook::Output,
        _ => return None,
    };
    Some((hook, after("policy") == Some("drop")))
}

#[cfg(test)]
mod tests;
