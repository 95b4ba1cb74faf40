//! What the manual says of a command that clap does not know. A verb that is not here has what holds for all.

/// What is said of one command.
pub(super) struct Words {
    /// Exit statuses and what they mean.
    pub(super) statuses: &'static [(&'static str, &'static str)],
    /// Files besides those of options.
    pub(super) files: &'static [(&'static str, &'static str)],
    /// Events in JSON, where it prints any.
    pub(super) events: &'static [(&'static str, &'static str)],
}

/// Of the page with this name.
pub(super) fn of(name: &str) -> Words {
    let (statuses, files, events): (&[_], &[_], &[_]) = match name {
        "" => (&GENERAL, &[KEY, PRESETS], &ALL_EVENTS),
        "discover" => (&DISCOVER, &[KEY], &[READY, FOUND, CHANGED, LOST, DONE, ERROR]),
        "scan" => {
            (&DISCOVER, &[PRESETS, KEY], &[READY, FOUND, CHANGED, LOST, DESCRIBED, DONE, ERROR])
        }
        "doctor" => (&DOCTOR, &[], &[FINDING, DONE, ERROR]),
        "respond" => (&RESPOND, &[KEY, UNIT, UNIT_OPTIONS], &[READY, REQUEST, DONE, ERROR]),
        "listen" => (&LISTEN, &[], &[READY, MESSAGE, DONE, ERROR]),
        "send" => (&SEND, &[], &[DONE, ERROR]),
        "demo" => (&DEMO, &[], &[]),
        "completions" => (&WITHOUT_NETWORK, &HOOKS, &[]),
        "key" | "key-new" | "man" => (&WITHOUT_NETWORK, &[], &[]),
        _ => (&GENERAL, &[], &ALL_EVENTS),
    };
    Words { statuses, files, events }
}

type Pair = (&'static str, &'static str);

const WRONG: Pair = ("2", "The command line is wrong, or a file that it names.");
const REFUSED: Pair = (
    "3",
    "The network or the system refused: no interface can be used, an address is in use, a right is missing, the \
     disk is full. One line on stderr says what and what to try.",
);
const INTERRUPTED: Pair =
    ("129, 130, 143", "SIGHUP, SIGINT or SIGTERM ended it. The summary is printed all the same.");

const GENERAL: [Pair; 5] = [
    ("0", "It did what it was asked."),
    ("1", "It found none, or too few."),
    WRONG,
    REFUSED,
    INTERRUPTED,
];
const DISCOVER: [Pair; 5] = [
    ("0", "At least one was found; with --count, at least so many."),
    ("1", "None was found; with --count, fewer."),
    WRONG,
    REFUSED,
    INTERRUPTED,
];
const RESPOND: [Pair; 3] = [
    ("0", "It answered until a signal or --count ended it, which is its ordinary end."),
    WRONG,
    REFUSED,
];
const LISTEN: [Pair; 5] = [
    ("0", "It listened; with --count, until so many datagrams had come."),
    ("1", "With --count: fewer datagrams came."),
    WRONG,
    REFUSED,
    INTERRUPTED,
];
const DOCTOR: [Pair; 5] = [
    ("0", "It found no fault; warnings, and what is unsure, are none."),
    ("1", "It found a fault."),
    WRONG,
    REFUSED,
    INTERRUPTED,
];
const SEND: [Pair; 4] = [("0", "All was sent."), WRONG, REFUSED, INTERRUPTED];
const DEMO: [Pair; 4] = [
    ("0", "All that was to be found was found."),
    ("1", "Something was not found: multicast on the loopback interface does not work here."),
    WRONG,
    REFUSED,
];
const WITHOUT_NETWORK: [Pair; 3] = [("0", "It did what it was asked."), WRONG, REFUSED];

const KEY: Pair = (
    "KEY FILE",
    "What --key-file names: a secret of 16 to 4096 bytes, which nobody else may be able to read (mode 600). mcast \
     key new makes one; docs/keys.md tells how to hand it out and how to take another in its place.",
);
const PRESETS: Pair = (
    "$XDG_CONFIG_HOME/mcast/presets/*.toml",
    "Presets of your own for mcast scan; without $XDG_CONFIG_HOME, in ~/.config/mcast/presets. Their format is in \
     docs/dialects.md.",
);
const UNIT: Pair = (
    "mcast-respond.service",
    "The systemd unit that comes with the Debian package. It runs mcast respond.",
);
const UNIT_OPTIONS: Pair = (
    "/etc/default/mcast-respond",
    "The options that the unit gives to mcast respond, as MCAST_RESPOND_OPTIONS.",
);
const HOOKS: [Pair; 3] = [
    ("~/.local/share/bash-completion/completions/mcast", "Where bash looks for them."),
    ("~/.config/fish/completions/mcast.fish", "Where fish does."),
    ("_mcast", "Where zsh does: in any directory of its $fpath."),
];

const FOUND: Pair = ("found", "One has answered for the first time.");
const CHANGED: Pair =
    ("changed", "With --watch: one who is known says something else than before.");
const LOST: Pair = ("lost", "With --watch: one who was known is gone.");
const DESCRIBED: Pair = (
    "described",
    "With --describe: what a device says of itself at its URL, or why that was not read.",
);
const FINDING: Pair =
    ("finding", "A fault, a warning, what is unsure, or a fact that is as it should be.");
const REQUEST: Pair = ("request", "Somebody has asked, and was answered or refused.");
const MESSAGE: Pair = ("message", "A datagram has come.");
const DONE: Pair = ("done", "The end, with what went over each interface.");
const READY: Pair = ("ready", "All is open and it waits: in which groups, on which interfaces.");
const ERROR: Pair = ("error", "What went wrong, in the words of stderr, and the exit status.");
const ALL_EVENTS: [Pair; 10] =
    [READY, FOUND, CHANGED, LOST, DESCRIBED, FINDING, REQUEST, MESSAGE, DONE, ERROR];
