//! `mcast key`: what the members of a group share.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use data_encoding::HEXLOWER;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::args::Console;
use crate::escape::OneLine;
use crate::failure::{Failure, Status};
use crate::terminal::{TERMINAL, explain};

/// Make a key for --key-file
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Key {
    #[command(subcommand)]
    work: Work,
}

const EXAMPLES: &str = "\
Examples:
  mcast key new office.key
  mcast respond --service printer --key-file office.key
  mcast discover --service printer --key-file office.key";

#[derive(Debug, Subcommand)]
enum Work {
    New(New),
}

/// Make a new key in a file that nobody else can read
///
/// The key is 32 bytes from the system's random generator, written as 64 hexadecimal digits. Programs
/// that have a copy of the file accept each other's messages. A file that exists is never overwritten.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
struct New {
    /// The file to create
    file: PathBuf,
}

/// As much as SHA-256 can use.
const RANDOM_BYTES: usize = 32;

impl Key {
    pub(crate) fn run(self, console: &Console) -> Result<Status, Failure> {
        let Work::New(New { file }) = self.work;
        make(&file)?;
        if !console.quiet {
            let name = file.display();
            let line = format!("made a key in {name}; use it with --key-file {name}");
            TERMINAL.say(format_args!("{}", OneLine(line)));
        }
        Ok(Status::Success)
    }
}

/// Makes a file with a new key: whole or not at all, and in nobody's place.
fn make(path: &Path) -> Result<(), Failure> {
    let cannot = |error: io::Error| {
        let name = path.display();
        match error.kind() {
            ErrorKind::AlreadyExists => Failure::usage(format!(
                "{name} exists, and may be a key that is in use, so it is left as it is; name another file"
            )),
            ErrorKind::NotFound => {
                Failure::usage(format!("cannot make {name}: there is no such directory"))
            }
            _ => Failure::network(format!("cannot make {name}: {}", explain(&error))),
        }
    };
    let mut random = Zeroizing::new([0; RANDOM_BYTES]);
    getrandom::fill(random.as_mut_slice())
        .map_err(|error| Failure::network(format!("the system gives no random bytes: {error}")))?;
    let mut text = Zeroizing::new([b'\n'; 2 * RANDOM_BYTES + 1]);
    HEXLOWER.encode_mut(random.as_slice(), &mut text[..2 * RANDOM_BYTES]);
    // Beside its place, so that it can be put there in one step. Nobody else may read it from the start.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(|error| {
        // The library names its own temporary file.
        cannot(
            error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error),
        )
    })?;
    file.write_all(text.as_slice()).and_then(|()| file.as_file().sync_all()).map_err(cannot)?;
    file.persist_noclobber(path).map_err(|error| cannot(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_key_is_64_digits_that_differ_each_time_and_leaves_nothing_else_behind() {
        let folder = tempfile::tempdir().unwrap();
        let key = |name: &str| {
            let path = folder.path().join(name);
            make(&path).unwrap();
            fs::read_to_string(path).unwrap()
        };
        let (one, other) = (key("one"), key("other"));
        for key in [&one, &other] {
            let digits = key.strip_suffix('\n').expect("a line");
            assert!(digits.len() == 64 && digits.bytes().all(|it| it.is_ascii_hexdigit()), "{key}");
        }
        assert_ne!(one, other);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_that_is_there_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "in use").unwrap();
        let error = make(&path).expect_err("it is there");
        assert!(error.to_string().contains("left as it is"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "in use");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
