//! The packet filter, as far as it can be read.

use serde::{Deserialize, Serialize};

/// What a packet filter does with UDP that comes in or leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Firewall {
    /// Whose words these are.
    pub reader: Reader,
    /// The base chains that see this machine's own packets.
    pub chains: Vec<Chain>,
}

/// The program that told the rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// nft(8).
    #[default]
    Nft,
    /// iptables-save(8) and ip6tables-save(8).
    Iptables,
}

/// A chain that the kernel hands packets to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Family and table, as `inet filter`.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Where it sits.
    pub hook: Hook,
    /// Whether what no rule decides is dropped.
    pub drops_by_default: bool,
    /// Its rules that drop or reject, as they are written, but for those of other protocols than UDP. One
    /// that is reached by jumps comes after the rules that lead to it, each with a colon:
    /// `iifname "eth0" jump lan: udp dport 9 drop`.
    pub drops: Vec<String>,
    /// Its rules that accept, told in the same way.
    pub accepts: Vec<String>,
}

/// Where a chain sits (netfilter's hooks).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hook {
    /// Before the kernel has looked where a packet goes (ingress and prerouting).
    Before,
    /// What comes in for this machine.
    Input,
    /// What leaves (output and postrouting).
    Output,
}
