//! What follows from facts.

use serde::{Deserialize, Serialize};

/// One thing that was found, good or bad.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which: a stable word for scripts.
    pub code: Code,
    /// How bad it is.
    pub level: Level,
    /// Where, where it is one interface's.
    pub interface: Option<String>,
    /// The fact, in one sentence without its numbers.
    pub what: String,
    /// The numbers that show it.
    pub evidence: String,
    /// The cause, where the facts exclude every other.
    pub why: Option<String>,
    /// What mends it: commands that are ready to paste; the first is the best.
    pub remedies: Vec<String>,
    /// What would decide, where this is unsure.
    pub decided_by: Option<String>,
}

impl Finding {
    /// A finding of the whole machine, of which no cause and no remedy is known yet.
    pub fn new(
        code: Code,
        level: Level,
        what: impl Into<String>,
        evidence: impl Into<String>,
    ) -> Finding {
        Finding {
            code,
            level,
            interface: None,
            what: what.into(),
            evidence: evidence.into(),
            why: None,
            remedies: Vec::new(),
            decided_by: None,
        }
    }

    /// The same on one interface.
    #[must_use]
    pub fn on(mut self, interface: impl Into<String>) -> Finding {
        self.interface = Some(interface.into());
        self
    }

    /// The same with its cause.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Finding {
        self.why = Some(why.into());
        self
    }

    /// The same with one more command that mends it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Finding {
        self.remedies.push(remedy.into());
        self
    }

    /// The same with what would decide.
    #[must_use]
    pub fn decided_by(mut self, decided_by: impl Into<String>) -> Finding {
        self.decided_by = Some(decided_by.into());
        self
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Something does not work.
    Fault,
    /// Something works, and will not for others, or not for long.
    Warning,
    /// The facts fit several causes.
    Unsure,
    /// A fact that is as it should be.
    Ok,
}

/// A finding's stable name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// No interface can be used: those that there are are down, or cannot multicast.
    InterfaceDown,
    /// There is nothing but the loopback.
    LoopbackOnly,
    /// Programs that let the kernel choose cannot send to groups.
    NoRoute,
    /// A port is held by a program that does not share it.
    PortTaken,
    /// Two programs have a port of multicast DNS, and unicast reaches one of them.
    PortShared,
    /// Our own datagrams do not come back: a packet filter of this host drops what comes in.
    FirewallInput,
    /// A packet filter of this host lets nothing out to groups.
    FirewallOutput,
    /// Answers by unicast are dropped, while what goes to groups comes in.
    FirewallUnicast,
    /// Routed groups are pruned, while link-local ones are flooded.
    GroupsPruned,
    /// The reverse path filter drops what comes in by another interface than it would leave by.
    ReversePath,
    /// The TTL is too small for the router in between.
    TtlTooSmall,
    /// Long datagrams do not come through, and nobody says so.
    MtuBlackHole,
    /// The kernel allows no more memberships.
    MembershipLimit,
    /// A peer announces, and answers nobody.
    DeafPeer,
    /// A container's bridge passes no multicast on.
    ContainerBridge,
    /// The named host cannot be reached at all.
    Unreachable,
    /// The named host is there, and no responder answers.
    NoResponder,
    /// What goes to groups does not come through to the named host, or from it.
    GroupLost,
    /// Answers, or questions, are lost.
    Loss,
    /// A membership is missing from the kernel's list.
    MembershipMissing,
    /// Nothing at all was heard of others.
    Silence,
    /// Which interfaces are used.
    Interfaces,
    /// Whether our own datagrams come back.
    Echoes,
    /// What is heard of others.
    Signal,
    /// Whether the packet filter's rules could be read.
    Rules,
    /// The kernel's limits and drops.
    Limits,
    /// What came through to the named host.
    Partner,
}
