//! Reading what the kernel shows as files.

use std::fs::File;
use std::io::Read as _;

/// What is read of a file: more than any of these tables has on a machine in use.
const MOST: u64 = 16 * 1024 * 1024;

/// Why something is not known where the system is not Linux.
pub(super) const ELSEWHERE: &str = "cannot be seen on this system";

/// A file's text, or why it can't be had.
pub(super) fn text(path: &str) -> Result<String, String> {
    let bytes = start(path, MOST)?;
    if bytes.len() as u64 == MOST {
        return Err(format!("{path} is longer than {MOST} bytes"));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The first bytes of a file, or why they can't be had.
pub(super) fn start(path: &str, most: u64) -> Result<Vec<u8>, String> {
    if !cfg!(target_os = "linux") {
        return Err(ELSEWHERE.into());
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|cause| format!("{path}: {cause}"))
}

/// The number that a file holds, where it holds one.
pub(super) fn number<T: std::str::FromStr>(path: &str) -> Option<T> {
    text(path).ok()?.trim().parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_said_by_name() {
        let why = text("/proc/no/such").unwrap_err();
        assert!(why.starts_with("/proc/no/such: "), "{why}");
        assert_eq!(number::<u64>("/proc/self/status"), None);
        assert_eq!(start("/proc/self/status", 5).unwrap(), b"Name:");
    }
}
