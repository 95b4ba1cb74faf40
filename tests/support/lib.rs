//! What the tests share: the simulator (`sim`), network namespaces (`netns`) and golden
//! vectors (`vectors`).

#[cfg(target_os = "linux")]
pub mod netns;
pub mod sim;
pub mod vectors;
