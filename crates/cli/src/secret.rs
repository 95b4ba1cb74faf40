//! Keys, read from files that nobody else may read.

#[cfg(unix)]
use std::env;
#[cfg(unix)]
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use mcast_proto::wire::{Binding, Key, Keyring, MIN_SECRET};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// More is no secret but a wrong file.
const MAX_SECRET: usize = 4096;

/// The keys of these files: the first to send with, all to accept. Without a file there is none.
pub(crate) fn keyring(files: &[PathBuf]) -> Result<Option<Keyring>, Failure> {
    let mut keys = files.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?.into_iter();
    Ok(keys.next().map(|signing| Keyring::new(signing, keys.collect())))
}

fn read(path: &Path) -> Result<Key, Failure> {
    let name = path.display();
    let cannot = |what: &str, error| Failure::usage(format!("cannot {what} {name}: {error}"));
    let mut file = File::open(path).map_err(|error| cannot("open", error))?;
    check_mode(&file, path)?;
    // With room from the start: a buffer that grows leaves copies behind.
    let mut secret = Zeroizing::new(Vec::with_capacity(MAX_SECRET + 1));
    file.by_ref()
        .take(MAX_SECRET as u64 + 1)
        .read_to_end(&mut secret)
        .map_err(|error| cannot("read", error))?;
    if secret.len() > MAX_SECRET {
        return Err(Failure::usage(format!(
            "{name} is longer than a key: {MAX_SECRET} bytes at the most"
        )));
    }
    Key::new(without_line_end(&secret), Binding::Source).map_err(|_| {
        Failure::usage(format!(
            "the key in {name} is too short: {MIN_SECRET} bytes at least; \
             mcast key new FILE makes a good one"
        ))
    })
}

/// An editor ends a passphrase's line; of random bytes each one counts.
fn without_line_end(secret: &[u8]) -> &[u8] {
    let Some(line) = secret.strip_suffix(b"\n").filter(|line| str::from_utf8(line).is_ok()) else {
        return secret;
    };
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Refuses a file that others can read: what is in it is no secret.
#[cfg(unix)]
fn check_mode(file: &File, path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;

    let name = path.display();
    let mode = match file.metadata() {
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) => return Err(Failure::usage(format!("cannot look at {name}: {error}"))),
    };
    if mode & others(path, env::var_os("CREDENTIALS_DIRECTORY").as_deref()) == 0 {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{name} is open to others (mode {:03o}), so what is in it is no secret: chmod 600 {name}",
        mode & 0o777
    )))
}

/// The bits of a mode that let others read a file. systemd lets its service alone into the directory of its
/// credentials, and where it does that by an access list, the group's bits are that list's mask (acl(5)).
#[cfg(unix)]
fn others(path: &Path, credentials: Option<&OsStr>) -> u32 {
    let is_credential = credentials.is_some_and(|folder| path.parent() == Some(Path::new(folder)));
    if is_credential { 0o037 } else { 0o077 }
}

/// Here a file's permissions don't tell who can read it.
#[cfg(not(unix))]
fn check_mode(_: &File, _: &Path) -> Result<(), Failure> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_the_same_with_and_without_its_line_end() {
        for (bytes, expected) in [
            (&b"open sesame"[..], &b"open sesame"[..]),
            (b"open sesame\n", b"open sesame"),
            (b"open sesame\r\n", b"open sesame"),
            (b"open sesame\n\n", b"open sesame\n"),
            (b"\xff\xfe\n", b"\xff\xfe\n"),
            (b"", b""),
        ] {
            assert_eq!(without_line_end(bytes), expected);
        }
    }
    #[cfg(unix)]
    #[test]
    fn what_systemd_hands_to_its_service_may_be_read_by_an_access_list() {
        let folder = Path::new("/run/credentials/mcast-respond.service");
        let of = |path: &str, folder: Option<&Path>| {
            others(Path::new(path), folder.map(Path::as_os_str))
        };
        let key = "/run/credentials/mcast-respond.service/key";
        // 0440 is how such a file looks then.
        assert_eq!(of(key, Some(folder)) & 0o440, 0);
        assert_ne!(of(key, Some(folder)) & 0o444, 0, "all of this machine");
        assert_ne!(of(key, None) & 0o440, 0);
        assert_ne!(of("/etc/mcast/key", Some(folder)) & 0o440, 0);
        assert_ne!(of("/run/credentials/mcast-respond.service/../key", Some(folder)) & 0o440, 0);
    }
}
