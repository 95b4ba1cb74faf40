//! A file that says what avahi offers.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use mcast_tests::netns::Process;

pub(crate) struct ServiceFile {
    path: PathBuf,
    /// Where it is written before it is there as a whole.
    draft: PathBuf,
}

impl ServiceFile {
    pub(crate) fn of(avahi: &Process, name: &str) -> ServiceFile {
        // It has an /etc of its own.
        let etc = PathBuf::from(format!("/proc/{}/root/etc/avahi", avahi.id()));
        let path = etc.join(format!("services/{name}.service"));
        ServiceFile { path, draft: etc.join(name) }
    }

    /// Writes it for the `nth` time. avahi tells by the seconds of its time whether it has changed.
    pub(crate) fn write(&self, nth: u64, group: &str) {
        let head = "<?xml version='1.0'?><!DOCTYPE service-group SYSTEM 'avahi-service.dtd'>";
        fs::write(&self.draft, format!("{head}{group}")).expect("the folder is there");
        let file = File::options().write(true).open(&self.draft).expect("it was written");
        file.set_modified(mcast_net::clock::Clock::wall() + Duration::from_secs(10 * nth))
            .expect("a time");
        fs::rename(&self.draft, &self.path).expect("the folder is there");
    }

    pub(crate) fn remove(self) {
        fs::remove_file(&self.path).expect("it was there");
    }
}
