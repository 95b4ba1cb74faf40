//! The network that is examined.

use mcast_tests::netns::{Host, Process, Segment, World};

/// A host that is examined, and what keeps its network as it is.
pub(crate) struct Scene<'w> {
    pub(crate) host: Host<'w>,
    /// What the doctor is told.
    pub(crate) words: String,
    /// Whether there is the mark of a container.
    pub(crate) in_container: bool,
    others: Vec<Host<'w>>,
    running: Vec<Process>,
}

impl<'w> Scene<'w> {
    /// A host without a card.
    pub(crate) fn bare(world: &'w World) -> Scene<'w> {
        let host = world.host();
        Scene {
            host,
            words: String::new(),
            in_container: false,
            others: Vec::new(),
            running: Vec::new(),
        }
    }

    /// A host at 10.0.0.1, whose kernel knows by which card groups are reached.
    pub(crate) fn on(world: &'w World, lan: &Segment) -> Scene<'w> {
        let scene = Scene::bare(world);
        scene.host.card("eth0", lan, &["10.0.0.1/24"]);
        scene.host.default_route("eth0");
        scene
    }

    /// The same with two devices of a household, at 10.0.0.2 and 10.0.0.3.
    pub(crate) fn at_home(world: &'w World, lan: &Segment) -> Scene<'w> {
        Scene::on(world, lan).beside(world, lan, 2, "").beside(world, lan, 3, "")
    }

    /// With one more device, at 10.0.0.NUMBER.
    pub(crate) fn beside(
        mut self,
        world: &'w World,
        lan: &Segment,
        number: u8,
        kind: &str,
    ) -> Scene<'w> {
        let host = world.host();
        let address = format!("10.0.0.{number}");
        host.card("eth0", lan, &[&format!("{address}/24")]);
        host.default_route("eth0");
        let device = host.peer("household.py", &[&address, "eth0", kind]);
        device.line_with("ready");
        self.keep(host, device);
        self
    }

    /// With another host and what runs there.
    pub(crate) fn keep(&mut self, host: Host<'w>, process: Process) {
        self.others.push(host);
        self.running.push(process);
    }

    /// With a switch that drops what these words of nftables say of what any host sends it.
    pub(crate) fn switch_drops(self, world: &World, what: &str) -> Scene<'w> {
        let ports =
            self.others.iter().chain([&self.host]).map(|host| format!("\"{}\"", host.port("eth0")));
        let devices = ports.collect::<Vec<_>>().join(", ");
        world.nft(&format!(
            "table netdev switch {{ chain in {{\ntype filter hook ingress devices = {{ {devices} }} priority 0;\n\
             {what} drop\n}}\n}}"
        ));
        self
    }

    /// With something that runs in the host itself.
    pub(crate) fn running(mut self, script: &str, words: &[&str]) -> Scene<'w> {
        let process = self.host.peer(script, words);
        process.line_with("ready");
        self.running.push(process);
        self
    }

    /// With these rules of nftables in the host.
    pub(crate) fn nft(self, rules: &str) -> Scene<'w> {
        self.host.nft(rules);
        self
    }

    /// With this setting under `/proc/sys/net` in the host.
    pub(crate) fn set(self, setting: &str, value: &str) -> Scene<'w> {
        self.host.set(setting, value);
        self
    }

    /// With this done by `ip` in the host.
    pub(crate) fn ip(self, words: &str) -> Scene<'w> {
        self.host.ip(words);
        self
    }

    /// With these words to the doctor.
    pub(crate) fn told(mut self, words: &str) -> Scene<'w> {
        self.words = words.into();
        self
    }

    /// In a container.
    pub(crate) fn in_container(mut self) -> Scene<'w> {
        self.in_container = true;
        self
    }
}
