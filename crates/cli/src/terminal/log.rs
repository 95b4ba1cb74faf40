//! The log's lines, as they are said to the person.

use log::{Level, LevelFilter, Log, Metadata, Record};

use super::TERMINAL;

/// Shows the log's lines down to `level`.
pub(crate) fn show_log(level: LevelFilter) {
    log::set_logger(&Logger).expect("main sets the only logger");
    log::set_max_level(level);
}

struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("mcast")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let message = record.args();
        match record.level() {
            Level::Error => TERMINAL.error(message),
            Level::Warn => TERMINAL.warn(message),
            _ => TERMINAL.detail(format_args!("mcast: {message}")),
        }
    }

    fn flush(&self) {}
}
