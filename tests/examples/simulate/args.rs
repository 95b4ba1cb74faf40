//! What can be chosen.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use mcast_proto::service;
use mcast_tests::scenario::Scenario;
use mcast_tests::sim::{Air, Link, Socket, Stalls};

/// What the structured protocol does on a network of a given size and loss.
#[derive(Parser)]
pub(crate) struct Args {
    /// How many responders there are; several make several rows.
    #[arg(long, value_delimiter = ',', default_value = "1,10,100,1000,10000")]
    pub(crate) responders: Vec<u32>,
    /// The share of datagrams lost each way, 0 to 1; several make several rows.
    #[arg(long, value_delimiter = ',', default_value = "0,0.1,0.3,0.5")]
    pub(crate) loss: Vec<f64>,
    /// Losses come in bursts, of this many milliseconds on average.
    #[arg(long, value_name = "MEAN")]
    pub(crate) burst: Option<u64>,
    /// Each responder says this many bytes of attributes.
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    pub(crate) attributes: usize,
    /// Each responder has this many addresses, and answers from each.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) addresses: u32,
    /// Milliseconds each way, instead of 0.1.
    #[arg(long, value_name = "MS")]
    pub(crate) delay: Option<u64>,
    /// Responders' clocks go up to this many millionths faster or slower.
    #[arg(long, value_name = "PPM", default_value_t = 0)]
    pub(crate) drift: u32,
    /// Responders have the asker's queues before them, and read this many datagrams a second.
    #[arg(long, value_name = "RATE")]
    pub(crate) responder_drain: Option<u64>,
    /// Runs for each row, instead of a number that suits the size.
    #[arg(long)]
    pub(crate) runs: Option<u64>,
    /// The first run's seed; each further one has the next.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Quiet sweeps before it says complete: fast 8, normal 16, thorough 32.
    #[arg(long, default_value = "normal", value_parser = effort)]
    pub(crate) effort: service::Effort,
    /// The share of responders whose links are worse.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub(crate) worse: f64,
    /// The loss each way on those.
    #[arg(long, default_value_t = 0.8)]
    pub(crate) worse_loss: f64,
    /// Datagrams a second that the asker reads.
    #[arg(long, default_value_t = 200_000)]
    pub(crate) drain: u64,
    /// Datagrams that the asker's socket holds.
    #[arg(long, default_value_t = 256)]
    pub(crate) buffer: usize,
    /// Megabits a second of the asker's link.
    #[arg(long, default_value_t = 1000)]
    pub(crate) megabits: u64,
    /// The asker stalls for this many milliseconds, ten times a second.
    #[arg(long)]
    pub(crate) stall_ms: Option<u64>,
    /// Everything goes over Wi-Fi: multicasts at 1 Mbit/s, or else 3000 unicasts a second.
    #[arg(long)]
    pub(crate) wifi: bool,
    /// Multicasts wait for a multiple of this many milliseconds (with --wifi).
    #[arg(long)]
    pub(crate) dtim_ms: Option<u64>,
    /// Draw it too, as SVG: how many are found over time, for each loss.
    #[arg(long, value_name = "FILE", conflicts_with = "false_completions")]
    pub(crate) plot: Option<PathBuf>,
    /// Instead of the table: of this many runs, how many said complete and were not?
    #[arg(long, value_name = "RUNS")]
    pub(crate) false_completions: Option<u64>,
}

fn effort(name: &str) -> Result<service::Effort, String> {
    match name {
        "fast" => Ok(service::Effort::Fast),
        "normal" => Ok(service::Effort::Normal),
        "thorough" => Ok(service::Effort::Thorough),
        _ => Err("fast, normal or thorough".into()),
    }
}

impl Args {
    /// The runs of one row.
    pub(crate) fn scenario(&self, responders: u32, loss: f64) -> Scenario {
        let usual = Scenario::new(responders, loss);
        let link = self.link(loss, usual.link);
        let worse = (f64::from(responders) * self.worse).round() as u32;
        let asker_socket = self.asker_socket();
        let socket = |drain| Socket { drain, stalls: None, ..asker_socket };
        Scenario {
            link,
            worse: (worse, link.loss(self.worse_loss)),
            attribute_bytes: self.attributes,
            addresses: self.addresses,
            drift: self.drift,
            socket: self.responder_drain.map(socket),
            asker_socket,
            air: self.wifi.then(|| self.air()),
            discovery: service::Discovery { effort: self.effort, ..usual.discovery },
            ..usual
        }
    }

    fn link(&self, loss: f64, usual: Link) -> Link {
        // On Wi-Fi unicasts are repeated until they arrive: 2 % are lost all the same.
        let loss_out = if self.wifi { 0.02 } else { loss };
        Link {
            delay: self.delay.map_or(usual.delay, Duration::from_millis),
            loss_in: loss,
            loss_out,
            burst: self.burst.map_or(Duration::ZERO, Duration::from_millis),
            ..usual
        }
    }

    fn air(&self) -> Air {
        Air {
            multicast_bits_per_second: 1_000_000,
            unicasts_per_second: 3_000,
            dtim: self.dtim_ms.map(Duration::from_millis),
        }
    }

    fn asker_socket(&self) -> Socket {
        let stalls =
            |ms| Stalls { every: Duration::from_millis(100), length: Duration::from_millis(ms) };
        Socket {
            buffer: self.buffer,
            drain: self.drain,
            bits_per_second: self.megabits * 1_000_000,
            stalls: self.stall_ms.map(stalls),
            ..Socket::default()
        }
    }
}
