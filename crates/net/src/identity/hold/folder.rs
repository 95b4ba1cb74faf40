//! What ids are held where namespaces are no files: a list of each program of this user, in the folder for
//! temporary files, beside a file that the program keeps locked for as long as the list holds.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::claims::{Claims, lock};

const LISTS: &str = "mcast-ids-";
const LOCK: &str = "lock";
const LIST: &str = "list";

pub(super) struct Register {
    folder: PathBuf,
    /// Once something is held.
    own: Option<Own>,
    ids: BTreeSet<u64>,
}

/// There is no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OneFolder;

struct Own {
    lock: PathBuf,
    _locked: File,
}

impl Claims for Register {
    type Place = OneFolder;

    fn open() -> io::Result<Register> {
        Ok(Register { folder: std::env::temp_dir(), own: None, ids: BTreeSet::new() })
    }

    fn place(&self) -> OneFolder {
        OneFolder
    }

    fn take(&mut self, id: u64) -> io::Result<bool> {
        let path = self.folder.join("mcast-ids");
        // Another user may have made it.
        let all = File::create(&path).or_else(|_| File::open(&path))?;
        // Until `all` is closed nobody else looks anything up.
        lock(&all)?;
        if self.is_held_elsewhere(id)? {
            return Ok(false);
        }
        if self.own.is_none() {
            let lock = self.folder.join(format!("{LISTS}{:016x}.{LOCK}", crate::seed()));
            let locked = File::create(&lock)?;
            locked.try_lock()?;
            self.own = Some(Own { lock, _locked: locked });
        }
        self.ids.insert(id);
        self.write()?;
        Ok(true)
    }

    fn give_back(&mut self, id: u64) -> io::Result<()> {
        self.ids.remove(&id);
        self.write()
    }
}

impl Register {
    fn write(&self) -> io::Result<()> {
        let Some(own) = &self.own else { return Ok(()) };
        let mut list = String::new();
        for id in &self.ids {
            let _written = writeln!(list, "{id:016x}");
        }
        fs::write(own.lock.with_extension(LIST), list)
    }

    /// Looks through the lists of the others, and takes away those of programs that have ended.
    fn is_held_elsewhere(&self, id: u64) -> io::Result<bool> {
        let id = format!("{id:016x}");
        let mut is_held = false;
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let is_own = self.own.as_ref().is_some_and(|own| own.lock == path);
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !name.starts_with(LISTS) || path.extension().is_none_or(|it| it != LOCK) || is_own {
                continue;
            }
            // What another user's program holds is its own affair, as far as we can't read it.
            let Ok(file) = File::open(&path) else { continue };
            if file.try_lock().is_ok() {
                remove(&path)?;
            } else if fs::read_to_string(path.with_extension(LIST))
                .is_ok_and(|list| list.lines().any(|line| line == id))
            {
                is_held = true;
            }
        }
        Ok(is_held)
    }
}

/// Takes a list away, and its lock after it.
fn remove(lock: &Path) -> io::Result<()> {
    let list = lock.with_extension(LIST);
    if list.exists() {
        fs::remove_file(list)?;
    }
    fs::remove_file(lock)
}

impl Drop for Register {
    fn drop(&mut self) {
        if let Some(own) = &self.own
            && let Err(error) = remove(&own.lock)
        {
            // Whoever looks next takes it away.
            log::debug!("cannot remove {}: {error}", own.lock.display());
        }
    }
}
