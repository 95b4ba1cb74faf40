//! What the tests share: the simulator (`sim`) and network namespaces (`netns`).

pub mod sim;
