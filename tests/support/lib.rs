//! What the tests share: the simulator (`sim`) and network namespaces (`netns`).

#[cfg(target_os = "linux")]
pub mod netns;
pub mod sim;
