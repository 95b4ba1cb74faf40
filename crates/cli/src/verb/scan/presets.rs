//! The presets that there are: those that come with it, those of the configuration folder, and those that are
//! named on the command line.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use mcast_dialects::preset::{LONGEST_TABLE, Preset, builtin, parse};

use super::voices::is_own;
use crate::failure::Failure;
use crate::file;

/// All presets by name. One that comes later takes the place of an earlier one of its name.
pub(super) fn all(files: &[PathBuf]) -> Result<Vec<Preset>, Failure> {
    let folder = configuration_folder().map(|folder| folder.join("mcast").join("presets"));
    all_of(folder.as_deref(), files)
}

fn all_of(folder: Option<&Path>, files: &[PathBuf]) -> Result<Vec<Preset>, Failure> {
    let known = builtin().map_err(|error| Failure::usage(error.to_string()))?;
    let of_folder = folder.map_or_else(|| Ok(Vec::new()), tables)?;
    let mut by_name: BTreeMap<String, Preset> = BTreeMap::new();
    let named = |preset: Preset| (preset.name().to_owned(), preset);
    by_name.extend(known.into_iter().map(named));
    for file in of_folder.iter().chain(files) {
        by_name.extend(read(file)?.into_iter().map(named));
    }
    Ok(by_name.into_values().collect())
}

/// Where this user's configuration is, as the XDG Base Directory Specification has it.
fn configuration_folder() -> Option<PathBuf> {
    // It says that a relative path is to be ignored.
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))
}

/// The tables in a folder, which need not be there, in the order of their names.
fn tables(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let cannot = |error: io::Error| {
        Failure::usage(format!("cannot read the presets of {}: {error}", folder.display()))
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot(error)),
    };
    let paths: Result<Vec<PathBuf>, io::Error> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(cannot)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<Vec<Preset>, Failure> {
    let text = file::text(path, LONGEST_TABLE as u64)?;
    let wrong = |reason: String| Failure::usage(format!("{}: {reason}", path.display()));
    let presets = parse(&text).map_err(|error| wrong(error.to_string()))?;
    match presets.iter().find(|preset| is_own(preset.name())) {
        Some(preset) => {
            let name = preset.name();
            Err(wrong(format!("preset {name} has the name of a protocol that is no preset")))
        }
        None => Ok(presets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "source = 'a'\nto = '239.0.0.1:7'\nanswer = 'line'\n";

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn tables_of_a_folder_are_read_in_the_order_of_their_names() {
        let folder = folder(&[("b.toml", ""), ("a.toml", ""), ("notes.txt", "")]);
        let names: Vec<PathBuf> = tables(folder.path()).unwrap();
        assert_eq!(names, ["a.toml", "b.toml"].map(|name| folder.path().join(name)));
        assert_eq!(tables(&folder.path().join("none")).unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_users_own_takes_the_place_of_one_of_its_name() {
        let folder = folder(&[
            ("a.toml", "[knx]\nsource = 'b'\nto = '239.0.0.1:7'\nanswer = 'line'\n"),
            ("own", &format!("[knx]\n{TABLE}[gate]\n{TABLE}")),
        ]);
        let all = all_of(Some(folder.path()), &[folder.path().join("own")]).unwrap();
        let sources: Vec<&str> = all
            .iter()
            .filter(|preset| ["knx", "gate"].contains(&preset.name()))
            .map(Preset::source)
            .collect();
        assert_eq!((sources, all.len()), (vec!["a", "a"], builtin().unwrap().len() + 1));
    }

    #[test]
    fn the_example_of_the_documentation_is_a_preset() {
        let page = include_str!("../../../../../docs/dialects.md");
        let table = page.split("```toml\n").nth(1).and_then(|it| it.split("```").next());
        let presets = parse(table.expect("an example")).expect("a table");
        assert_eq!(presets.iter().map(Preset::name).collect::<Vec<_>>(), ["gate"]);
        // The page names each that comes with the program.
        for preset in builtin().unwrap() {
            assert!(page.contains(&format!("`{}`", preset.name())), "{}", preset.name());
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_file_preset_and_field() {
        let folder = folder(&[
            ("field", "[x]\nsource = 'a'\nto = '10.0.0.1:7'\nanswer = 'line'\n"),
            ("name", &format!("[mdns]\n{TABLE}")),
            ("toml", "["),
            ("long", &" ".repeat(LONGEST_TABLE + 1)),
        ]);
        for (file, parts) in [
            ("field", &["field: preset x: to "][..]),
            ("name", &["name: preset mdns "]),
            ("toml", &["toml: ", "is no TOML"]),
            ("none", &["cannot read", "none"]),
            ("long", &["long is longer than 262144 bytes"]),
        ] {
            let error = read(&folder.path().join(file)).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}
