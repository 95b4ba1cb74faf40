//! What the tests share: the simulator (`sim`), the structured protocol's machines on it (`stage`) and
//! their usual run (`scenario`), network namespaces (`netns`), golden vectors (`vectors`), how often a
//! property is tried ([`cases`]), the word for a test that cannot run here ([`skip`]), and whether a
//! sanitizer looks on ([`is_sanitized`]); the contract of `--json` (`contract`).

mod cases;
#[cfg(target_os = "linux")]
pub mod contract;
#[cfg(target_os = "linux")]
pub mod netns;
mod sanitizer;
pub mod scenario;
pub mod sim;
mod skip;
pub mod stage;
pub mod vectors;

pub use cases::cases;
pub use sanitizer::is_sanitized;
pub use skip::skip;
