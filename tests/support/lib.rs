//! What the tests share: the simulator (`sim`), the structured protocol's machines on it (`stage`) and
//! their usual run (`scenario`), network namespaces (`netns`), golden vectors (`vectors`), and the word
//! for a test that cannot run here ([`skip`]).

#[cfg(target_os = "linux")]
pub mod netns;
pub mod scenario;
pub mod sim;
mod skip;
pub mod stage;
pub mod vectors;

pub use skip::skip;
