//! What is this machine's alone.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Once;

/// Random bytes that are made where the machine has no number of its own.
const SECRET: usize = 32;

/// Something that no other machine has.
pub(super) struct Machine {
    secret: Vec<u8>,
    lasts: bool,
}

impl Machine {
    /// This one.
    pub(super) fn this() -> Machine {
        Machine::of(Path::new("/etc/machine-id"), state_folder(|name| std::env::var_os(name)))
    }

    pub(super) fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// Whether it is the same after the next start.
    pub(super) fn lasts(&self) -> bool {
        self.lasts
    }

    fn of(machine_id: &Path, state: Option<PathBuf>) -> Machine {
        if let Some(secret) = machine_id_in(machine_id) {
            return Machine { secret, lasts: true };
        }
        let kept = match state {
            Some(folder) => kept_in(&folder).map_err(|error| (folder, error)),
            None => Err((PathBuf::new(), io::Error::other("there is no folder for it"))),
        };
        match kept {
            Ok(secret) => Machine { secret, lasts: true },
            Err((folder, error)) => {
                static SAID: Once = Once::new();
                SAID.call_once(|| {
                    log::info!(
                        "this machine has no /etc/machine-id, and nothing can be kept in its place \
                         ({} {error}): services have other ids after the next start",
                        folder.display()
                    );
                });
                Machine { secret: random(), lasts: false }
            }
        }
    }
}

/// The system's own, 128 bits in hexadecimal (machine-id(5)), unless it is still to be made.
fn machine_id_in(path: &Path) -> Option<Vec<u8>> {
    let text = fs::read_to_string(path).ok()?;
    let id = text.trim();
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_id && id.bytes().any(|byte| byte != b'0')).then(|| id.as_bytes().to_vec())
}

/// Where programs keep what is to last, by the words of the environment.
fn state_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // Several may be named, with colons between them (systemd.exec(5)).
    let of_service = variable("STATE_DIRECTORY")
        .and_then(|folders| std::env::split_paths(&folders).next())
        .filter(|folder| !folder.as_os_str().is_empty());
    let of_user = || {
        let base = match () {
            () if cfg!(windows) => path("LOCALAPPDATA"),
            () => path("XDG_STATE_HOME").or_else(|| Some(path("HOME")?.join(".local/state"))),
        };
        Some(base?.join("mcast"))
    };
    of_service.or_else(of_user)
}

/// What is kept in this folder, which is made where there is nothing.
fn kept_in(folder: &Path) -> io::Result<Vec<u8>> {
    let path = folder.join("machine-secret");
    match fs::read(&path) {
        Ok(secret) if secret.len() >= SECRET => return Ok(secret),
        Ok(_) => return Err(io::Error::other("machine-secret is too short")),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) => {}
    }
    fs::create_dir_all(folder)?;
    // It is there whole or not at all, and of several programs that start at once all take one's.
    let own = folder.join(format!("machine-secret.{:016x}", crate::seed()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let linked = options
        .open(&own)
        .and_then(|mut file| file.write_all(&random()))
        .and_then(|()| fs::hard_link(&own, &path));
    let removed = fs::remove_file(&own);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => removed?,
    }
    fs::read(&path)
}

fn random() -> Vec<u8> {
    (0..SECRET / 8).flat_map(|_| crate::seed().to_ne_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_own_comes_first_if_it_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("machine-id");
        assert!(!Machine::of(&path, None).lasts(), "there is none");
        for (text, is_one) in [
            ("3d1219c7c4c5404aaa1f6d2a48adfda4\n", true),
            ("", false),
            ("uninitialized\n", false),
            ("00000000000000000000000000000000\n", false),
            ("3d1219c7c4c5404aaa1f6d2a48adfda\n", false),
            ("3d1219c7-c4c5-404a-aa1f-6d2a48adf\n", false),
        ] {
            fs::write(&path, text).unwrap();
            let [machine, again] = [(); 2].map(|()| Machine::of(&path, None));
            assert_eq!(
                (machine.lasts(), machine.secret == again.secret),
                (is_one, is_one),
                "{text:?}"
            );
        }
    }

    #[test]
    fn where_there_is_none_one_is_made_and_kept_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (none, state) = (folder.path().join("none"), folder.path().join("a/b"));
        let machines: Vec<Machine> = std::thread::scope(|scope| {
            let make = || Machine::of(&none, Some(state.clone()));
            let made: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
            made.into_iter().map(|made| made.join().unwrap()).collect()
        });
        let kept = fs::read(state.join("machine-secret")).unwrap();
        assert_eq!(kept.len(), SECRET);
        assert!(machines.iter().all(|machine| machine.lasts() && machine.secret == kept));
        assert_eq!(fs::read_dir(&state).unwrap().count(), 1, "nothing else is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(state.join("machine-secret")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn where_nothing_can_be_kept_it_does_not_last() {
        let folder = tempfile::tempdir().unwrap();
        let none = folder.path().join("none");
        // A file, in which no folder can be made.
        fs::write(folder.path().join("file"), "").unwrap();
        let state = folder.path().join("file/state");
        let [one, other] = [(); 2].map(|()| Machine::of(&none, Some(state.clone())));
        assert!(!one.lasts() && !other.lasts() && one.secret != other.secret);
        // Nor is what was cut short taken for a secret.
        fs::write(folder.path().join("machine-secret"), "short").unwrap();
        assert!(!Machine::of(&none, Some(folder.path().to_owned())).lasts());
    }

    #[cfg(unix)]
    #[test]
    fn the_environment_says_where() {
        for (variables, expected) in [
            (
                &[("STATE_DIRECTORY", "/var/lib/x:/var/lib/y"), ("HOME", "/h")][..],
                Some("/var/lib/x"),
            ),
            (&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")], Some("/s/mcast")),
            (&[("XDG_STATE_HOME", ""), ("HOME", "/h")], Some("/h/.local/state/mcast")),
            (&[("STATE_DIRECTORY", ""), ("HOME", "/h")], Some("/h/.local/state/mcast")),
            (&[], None),
        ] {
            let value = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
            };
            assert_eq!(state_folder(value), expected.map(PathBuf::from), "{variables:?}");
        }
    }
}
