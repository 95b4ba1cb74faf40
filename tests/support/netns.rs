//! A private world of hosts, cards and cables for one test: network namespaces that the test makes
//! itself, as root or as an ordinary user, and that die with it.
//!
//! ```no_run
//! use mcast_tests::netns::World;
//!
//! let Some(world) = World::new() else { return }; // skipped, and said so
//! let lan = world.segment();
//! let (a, b) = (world.host(), world.host());
//! a.card("eth0", &lan, &["10.0.0.1/24"]);
//! b.card("eth0", &lan, &["10.0.0.2/24"]);
//! let server = b.tutorial("udp-discover-server.py");
//! b.until_joined("eth0", "224.1.1.1", 1);
//! assert_eq!(a.tutorial("udp-discover-client.py").line(), "…");
//! ```
//!
//! Nothing is written outside the namespaces: no path under `/run/netns`, no name that two tests could
//! share. A host is held by a process that ends when the test does, and with it everything inside.

mod capture;
mod namespace;
mod process;

use std::cell::{Cell, RefCell};
use std::ffi::OsStr;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

pub use capture::{Capture, Packet};
use namespace::Namespace;
pub use process::{Finished, Process, Signal};

/// How long anything may take before a test gives up. Generous: the machines are small and shared.
pub const PATIENCE: Duration = Duration::from_secs(30);

const PAUSE: Duration = Duration::from_millis(5);

/// Waits until `condition` holds; panics, saying `what`, when that takes longer than [`PATIENCE`].
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let tries = PATIENCE.as_millis() / PAUSE.as_millis();
    for _ in 0..tries {
        if condition() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
    panic!("gave up waiting: {what}");
}

/// The namespace that holds the segments, and the hosts' common owner.
pub struct World {
    switch: Namespace,
    names: Cell<u32>,
}

/// An Ethernet segment: a bridge that floods multicast.
pub struct Segment {
    bridge: String,
}

/// A host: a network namespace with its loopback up, and no card until [`Host::card`].
pub struct Host<'w> {
    world: &'w World,
    namespace: Namespace,
    /// Each card with the bridge's end of its cable.
    cables: RefCell<Vec<(String, String)>>,
}

impl World {
    /// A new world, or `None` after printing `skipped: ` and why none can be made here.
    pub fn new() -> Option<World> {
        World::made(tools().clone())
    }

    /// The same, for a test that also needs [`Host::nft`].
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn with_nft() -> Option<World> {
        World::made(tools().clone().and_then(|()| runs(Path::new("nft"), "--version")))
    }

    fn made(tools: Result<(), String>) -> Option<World> {
        let made = tools.and_then(|()| {
            Namespace::outer().map_err(|error| format!("can't make a network namespace: {error}"))
        });
        match made {
            Ok(switch) => Some(World { switch, names: Cell::new(0) }),
            Err(reason) => {
                crate::skip(&reason);
                None
            }
        }
    }

    /// A new segment, joined to nothing.
    pub fn segment(&self) -> Segment {
        let bridge = self.unique("br");
        ip(
            &self.switch,
            &format!(
                "link add {bridge} type bridge mcast_snooping 0\n\
                 link set {bridge} addrgenmode none up\n"
            ),
        );
        Segment { bridge }
    }

    /// A new host.
    pub fn host(&self) -> Host<'_> {
        let namespace = self.switch.inner().expect("a second namespace, where one could be made");
        ip(&namespace, "link set lo up\n");
        Host { world: self, namespace, cables: RefCell::default() }
    }

    /// Adds these rules of nftables to the switch, where the segments are bridges; panics with its message when it
    /// fails.
    #[track_caller]
    pub fn nft(&self, rules: &str) {
        let mut command = Command::new("nft");
        command.arg(rules);
        self.switch.confine(&mut command);
        let finished = Process::start(command).wait();
        assert_eq!(finished.code, Some(0), "{}of\n{rules}", finished.stderr);
    }

    /// The process that holds the world: when it ends, the segments do.
    pub fn holder(&self) -> u32 {
        self.switch.pid()
    }

    fn unique(&self, prefix: &str) -> String {
        self.names.set(self.names.get() + 1);
        format!("{prefix}{}", self.names.get())
    }
}

impl Host<'_> {
    /// Plugs a card of this name into a segment, gives it these addresses (with prefix lengths) and no
    /// others, and brings it up. No address is ever tentative.
    pub fn card(&self, name: &str, segment: &Segment, addresses: &[&str]) {
        let port = self.world.unique("port");
        let bridge = &segment.bridge;
        ip(
            &self.world.switch,
            &format!(
                "link add {port} type veth peer name {name} netns {pid}\n\
                 link set {port} master {bridge} addrgenmode none up\n",
                pid = self.namespace.pid()
            ),
        );
        let mut batch = format!("link set {name} addrgenmode none\nlink set {name} up\n");
        for address in addresses {
            batch += &add_address(address, name);
        }
        ip(&self.namespace, &batch);
        self.until_forwarding(name, &port);
        self.cables.borrow_mut().push((name.to_owned(), port));
    }

    /// Pulls a card's cable: the card stays up, and loses its carrier.
    pub fn pull(&self, card: &str) {
        ip(&self.world.switch, &format!("link set {} down\n", self.port(card)));
    }

    /// Plugs it in again.
    pub fn plug(&self, card: &str) {
        let port = self.port(card);
        ip(&self.world.switch, &format!("link set {port} up\n"));
        self.until_forwarding(card, &port);
    }

    /// The switch's end of a card's cable, by its name there; of several cards that had this name, the latest.
    pub fn port(&self, card: &str) -> String {
        let cables = self.cables.borrow();
        let cable = cables.iter().rev().find(|(name, _)| name == card);
        cable.unwrap_or_else(|| panic!("no card {card:?}")).1.clone()
    }

    fn until_forwarding(&self, card: &str, port: &str) {
        until_carrier(&self.namespace, card);
        // The far end notices by itself, and only then does the bridge pass anything on.
        until_carrier(&self.world.switch, port);
        until(&format!("the bridge to forward for {card}"), || {
            show(&self.world.switch, &["-details", "link", "show", "dev", port])
                .contains("state forwarding")
        });
    }

    /// Runs `ip` with these words in this host; panics with its message when it fails.
    pub fn ip(&self, words: &str) {
        ip(&self.namespace, &format!("{words}\n"));
    }

    /// Gives a card one more address, which is not tentative.
    pub fn add_address(&self, card: &str, address: &str) {
        self.ip(&add_address(address, card));
    }

    /// Sends by this card what goes to no known network, multicast included, as a default route does
    /// for programs that choose no interface.
    pub fn default_route(&self, card: &str) {
        self.ip(&format!("route add default dev {card}"));
    }

    /// Makes IPv6 multicast work on the loopback interface, which has no route for it.
    pub fn ipv6_multicast_on_loopback(&self) {
        self.ip("route add local ff00::/8 dev lo table local");
    }

    /// Adds these rules of nftables to this host's; panics with its message when it fails.
    #[track_caller]
    pub fn nft(&self, rules: &str) {
        let finished = self.run("nft", [rules]);
        assert_eq!(finished.code, Some(0), "{}of\n{rules}", finished.stderr);
    }

    /// The number of a card.
    pub fn index(&self, card: &str) -> u32 {
        let table = self.proc_net("igmp");
        let index = table.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            let index = words.next()?.parse().ok()?;
            (words.next()? == card).then_some(index)
        });
        index.unwrap_or_else(|| panic!("no card {card:?} in\n{table}"))
    }

    /// Writes a setting under `/proc/sys/net`, such as `ipv4/igmp_max_memberships`.
    pub fn set(&self, setting: &str, value: &str) {
        let mut shell = self.command("sh");
        shell.args(["-c", &format!("echo {value} > /proc/sys/net/{setting}")]);
        let finished = Process::start(shell).wait();
        assert_eq!(finished.code, Some(0), "{setting}: {}", finished.stderr);
    }

    /// A command that runs in this host, or not at all.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        self.namespace.confine(&mut command);
        command
    }

    /// Starts a program in this host.
    pub fn start<S: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = S>,
    ) -> Process {
        let mut command = self.command(program);
        command.args(args);
        Process::start(command)
    }

    /// Runs a program in this host to its end.
    pub fn run<S: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = S>,
    ) -> Finished {
        self.start(program, args).wait()
    }

    /// Starts one of the tutorial's four programs.
    pub fn tutorial(&self, program: &str) -> Process {
        self.peer(program, &[])
    }

    /// Starts a program of `tests/peers`.
    pub fn peer(&self, script: &str, args: &[&str]) -> Process {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(script);
        let args = args.iter().map(OsStr::new);
        self.python(std::iter::once(path.as_os_str()).chain(args))
    }

    /// Starts Python; what it prints comes at once.
    pub fn python<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Process {
        let mut command = self.command(python());
        command.arg("-u").args(args);
        Process::start(command)
    }

    /// Captures the UDP datagrams that pass a card from now on, both ways.
    pub fn capture(&self, card: &str) -> Capture {
        Capture::new(self.peer("capture.py", &[card]))
    }

    /// How many sockets of this host have joined a group on a card.
    pub fn joined(&self, card: &str, group: &str) -> u32 {
        match group.parse().expect("a group") {
            IpAddr::V4(group) => {
                // The number as it lies in memory, printed as if it were of this host's order.
                let group = format!("{:08X}", u32::from_ne_bytes(group.octets()));
                let mut device = "";
                let table = self.proc_net("igmp");
                let users = table.lines().find_map(|line| {
                    let words: Vec<_> = line.split_whitespace().collect();
                    if !line.starts_with(char::is_whitespace) {
                        device = words.get(1)?;
                    }
                    let found = device == card && words.first() == Some(&group.as_str());
                    found.then(|| words.get(1)?.parse().ok()).flatten()
                });
                users.unwrap_or(0)
            }
            IpAddr::V6(group) => {
                let group = format!("{:032x}", group.to_bits());
                let table = self.proc_net("igmp6");
                let users = table.lines().find_map(|line| {
                    let words: Vec<_> = line.split_whitespace().collect();
                    let found = words.get(1..3) == Some(&[card, &group]);
                    found.then(|| words.get(3)?.parse().ok()).flatten()
                });
                users.unwrap_or(0)
            }
        }
    }

    /// Waits until this many sockets of this host have joined a group on a card.
    #[track_caller]
    pub fn until_joined(&self, card: &str, group: &str, users: u32) {
        until(&format!("{users} members of {group} on {card}"), || {
            self.joined(card, group) == users
        });
    }

    /// The process that holds this host: when it ends, the host does.
    pub fn holder(&self) -> u32 {
        self.namespace.pid()
    }

    fn proc_net(&self, table: &str) -> String {
        let path = format!("/proc/{}/net/{table}", self.namespace.pid());
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

fn add_address(address: &str, card: &str) -> String {
    let nodad = if address.contains(':') { " nodad" } else { "" };
    format!("addr add {address} dev {card}{nodad}\n")
}

fn ip(namespace: &Namespace, batch: &str) {
    let mut command = Command::new("ip");
    command.args(["-batch", "-"]).stdin(Stdio::piped());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    namespace.confine(&mut command);
    let mut child = command.spawn().expect("ip starts");
    child.stdin.take().expect("a pipe").write_all(batch.as_bytes()).expect("ip reads");
    let output = child.wait_with_output().expect("ip ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip: {stderr}of\n{batch}");
}

/// Waits until a card is not only up but has found its carrier, which the kernel notices later.
fn until_carrier(namespace: &Namespace, card: &str) {
    until(&format!("the carrier of {card}"), || {
        let shown = show(namespace, &["-brief", "link", "show", "up", "dev", card]);
        shown.split_whitespace().nth(1) == Some("UP")
    });
}

fn show(namespace: &Namespace, words: &[&str]) -> String {
    let mut command = Command::new("ip");
    command.args(words);
    namespace.confine(&mut command);
    Process::start(command).wait().stdout
}

/// What the worlds need besides the kernel.
fn tools() -> &'static Result<(), String> {
    static TOOLS: OnceLock<Result<(), String>> = OnceLock::new();
    TOOLS.get_or_init(|| {
        runs(Path::new("ip"), "-V")?;
        runs(python(), "-V")
    })
}

fn runs(tool: &Path, version: &str) -> Result<(), String> {
    let ran = Command::new(tool).arg(version).stdout(Stdio::null()).status();
    ran.map(drop).map_err(|error| format!("can't run {}: {error}", tool.display()))
}

/// The system's Python, where there is one: a version manager's stand-in takes 0.2 s a start.
fn python() -> &'static Path {
    let system = Path::new("/usr/bin/python3");
    if system.exists() { system } else { Path::new("python3") }
}
