//! The golden vectors of the structured protocol, in `tests/vectors/`.

use std::path::Path;

/// One golden vector: bytes and what they are to give, or what goes in and comes out.
#[derive(Debug)]
pub struct Vector {
    /// The name of its file.
    pub file: String,
    /// What it is of.
    pub name: String,
    /// The datagram; empty where it is not about one.
    pub bytes: Vec<u8>,
    /// The lines that begin with `=`: a name and a value.
    pub fields: Vec<String>,
    given: Vec<(String, String)>,
}

impl Vector {
    /// The value of the `@name` line, if there is one.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|given| given.0 == name).map(|given| given.1.as_str())
    }
}

/// Reads all vectors of all files, in order.
///
/// # Panics
///
/// If one is not written as the files' heads say.
pub fn read_all() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().flat_map(|path| read(path)).collect()
}

fn read(path: &Path) -> Vec<Vector> {
    let file = path.file_name().unwrap().to_string_lossy().into_owned();
    let mut vectors: Vec<Vector> = Vec::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        if let Some(name) = line.strip_prefix('[') {
            vectors.push(Vector {
                file: file.clone(),
                name: name.trim_end_matches(']').to_owned(),
                bytes: Vec::new(),
                fields: Vec::new(),
                given: Vec::new(),
            });
            continue;
        }
        let data = line.split('#').next().unwrap_or_default();
        let Some(vector) = vectors.last_mut() else {
            assert!(data.is_empty(), "{file}: {line:?} before the first vector");
            continue;
        };
        if let Some(field) = line.strip_prefix("= ") {
            vector.fields.push(field.to_owned());
        } else if let Some(given) = line.strip_prefix('@') {
            let (name, value) = given.split_once(' ').unwrap_or((given, ""));
            vector.given.push((name.to_owned(), value.to_owned()));
        } else if let Some((byte, times)) = data.split_once('x') {
            let times = times.trim().parse().unwrap();
            vector.bytes.extend(unhex(byte).repeat(times));
        } else {
            vector.bytes.extend(unhex(data));
        }
    }
    vectors
}

/// Bytes as hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hex, with or without spaces, as bytes.
///
/// # Panics
///
/// If it is not hex.
pub fn unhex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    assert!(digits.len().is_multiple_of(2), "half a byte in {text:?}");
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect(text))
        .collect()
}
