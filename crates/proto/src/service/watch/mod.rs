//! Watching: who comes, changes and goes.

pub(super) mod announced;
pub(super) mod departed;
pub(super) mod watcher;
