//! Reading a file that somebody names.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::failure::Failure;

/// The text of a file, of which more than so many bytes is a wrong file.
pub(crate) fn text(path: &Path, longest: u64) -> Result<String, Failure> {
    let name = path.display();
    let mut text = String::new();
    let length = File::open(path)
        .and_then(|file| file.take(longest + 1).read_to_string(&mut text))
        .map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
    if length as u64 > longest {
        return Err(Failure::usage(format!("{name} is longer than {longest} bytes")));
    }
    Ok(text)
}
