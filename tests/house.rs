//! How the sources are laid out: what imports what, how long files are, and that the map is true.
//!
//! `cargo test -p mcast-tests --test house -- --nocapture` names each circle of imports, if there is one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The crates whose files may not import each other in a circle.
const CRATES: [&str; 5] = ["proto", "dialects", "net", "doctor", "cli"];

/// A source file has fewer lines.
const TOO_LONG: usize = 350;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").into()
}

/// A crate's source files, by module path: `["service", "watcher"]` for `service/watcher.rs`.
fn modules(name: &str) -> BTreeMap<Vec<String>, PathBuf> {
    let source = root().join("crates").join(name).join("src");
    let mut found = BTreeMap::new();
    let mut folders = vec![(source, Vec::new())];
    while let Some((folder, path)) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let file = entry.unwrap().path();
            let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
            let inside = || path.iter().cloned().chain([stem.clone()]).collect::<Vec<_>>();
            if file.is_dir() {
                folders.push((file.clone(), inside()));
            } else if file.extension().is_some_and(|it| it == "rs") {
                let module = match stem.as_str() {
                    "lib" | "main" if path.is_empty() => Vec::new(),
                    "mod" => path.clone(),
                    _ => inside(),
                };
                found.insert(module, file);
            }
        }
    }
    found
}

fn is_test(module: &[String]) -> bool {
    module.iter().any(|name| name == "tests")
}

/// The file's text without comments, strings' insides that could mislead, and what follows `mod tests {`.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let lines = lines.take_while(|line| !line.starts_with("mod tests {"));
    lines.collect::<Vec<_>>().join("\n")
}

/// All paths that a `use` tree names: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn leaves(tree: &str, before: &[String], into: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    if let Some(open) = tree.find('{') {
        let mut path = before.to_vec();
        path.extend(segments(tree[..open].trim_end_matches(':')));
        let inside = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
        let (mut depth, mut start) = (0, 0);
        for (at, c) in inside.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    leaves(&inside[start..at], &path, into);
                    start = at + 1;
                }
                _ => {}
            }
        }
        leaves(&inside[start..], &path, into);
    } else if !tree.is_empty() {
        let name = tree.split(" as ").next().unwrap_or_default();
        into.push(before.iter().cloned().chain(segments(name)).collect());
    }
}

fn segments(path: &str) -> impl Iterator<Item = String> {
    path.split("::").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The paths that a file's `use` lines name, `pub use` lines apart.
fn uses(code: &str) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
    let (mut private, mut public) = (Vec::new(), Vec::new());
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let line = rest[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let before = rest[line..at].trim();
        let after = &rest[at + 4..];
        let Some(end) = after.find(';') else { break };
        let is_public = before.starts_with("pub");
        if before.is_empty() || is_public && before.split_whitespace().count() == 1 {
            let into = if is_public { &mut public } else { &mut private };
            leaves(&after[..end].replace('\n', " "), &[], into);
            rest = &after[end..];
        } else {
            rest = after;
        }
    }
    private.extend(paths_from(code, "crate"));
    // Through a module that was imported, as `verb` is in `verb::Discover`.
    for module in private.clone() {
        let Some(name) = module.last().filter(|name| name.starts_with(char::is_lowercase)) else {
            continue;
        };
        let through = paths_from(code, name);
        let whole = through.into_iter().map(|path| [&module[..], &path[1..]].concat());
        private.extend(whole.filter(|path| path.len() > module.len()));
    }
    (private, public)
}

/// The paths in the middle of code that begin with a name.
fn paths_from(code: &str, name: &str) -> Vec<Vec<String>> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let starts = code.match_indices(name).map(|(at, _)| at);
    // `pub(in crate::wire)` imports nothing.
    let is_start = |at: &usize| !code[..*at].ends_with(is_path) && !code[..*at].ends_with("(in ");
    let starts = starts.filter(is_start);
    let paths = starts.map(|at| {
        let path = &code[at..];
        let end = path.find(|c: char| !is_path(c)).unwrap_or(path.len());
        segments(&path[..end]).collect::<Vec<_>>()
    });
    paths.filter(|path| path[0] == name && path.len() > 1).collect()
}

/// A crate's files, and which other each imports.
struct Imports {
    files: BTreeMap<Vec<String>, PathBuf>,
    /// What a module's `pub use` lines pass on: by module and name, the path that it is.
    passed_on: BTreeMap<(Vec<String>, String), Vec<String>>,
    private: BTreeMap<Vec<String>, Vec<Vec<String>>>,
}

impl Imports {
    fn of(name: &str) -> Imports {
        let mut files = modules(name);
        files.retain(|module, _| !is_test(module));
        let (mut passed_on, mut private) = (BTreeMap::new(), BTreeMap::new());
        for (module, file) in &files {
            let (own, public) = uses(&code(file));
            for path in public {
                let path = absolute(module, &path, &files);
                if let Some(last) = path.as_ref().and_then(|path| path.last()) {
                    passed_on.insert((module.clone(), last.clone()), path.clone().unwrap());
                }
            }
            private.insert(module.clone(), own);
        }
        Imports { files, passed_on, private }
    }

    /// The module in whose file the thing is that this path names.
    fn home(&self, path: &[String]) -> Vec<String> {
        let mut path = path.to_vec();
        for _ in 0..8 {
            let deepest = (0..=path.len()).rev().find(|n| self.files.contains_key(&path[..*n]));
            let module = path[..deepest.unwrap_or(0)].to_vec();
            let Some(name) = path.get(module.len()) else { return module };
            match self.passed_on.get(&(module.clone(), name.clone())) {
                Some(to) => path = to.iter().chain(&path[module.len() + 1..]).cloned().collect(),
                None => return module,
            }
        }
        path
    }

    fn graph(&self) -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
        let homes = |module: &Vec<String>| {
            let homes = self.of_module(module).into_keys();
            homes.filter(|home| home != module).collect()
        };
        self.files.keys().map(|module| (module.clone(), homes(module))).collect()
    }

    /// From which modules a module imports, and a name of each that it does.
    fn of_module(&self, module: &[String]) -> BTreeMap<Vec<String>, String> {
        let paths = self.private[module].iter();
        let paths = paths.filter_map(|path| absolute(module, path, &self.files));
        paths.map(|path| (self.home(&path), path.join("::"))).collect()
    }
}

/// A path from the crate's root on; `None` where it leads out of the crate.
fn absolute(
    module: &[String],
    path: &[String],
    files: &BTreeMap<Vec<String>, PathBuf>,
) -> Option<Vec<String>> {
    let mut base = module.to_vec();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => {
            base.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        "super" => {
            while rest.first().is_some_and(|name| name == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
        child => {
            let inside: Vec<String> = base.iter().cloned().chain([child.to_owned()]).collect();
            if !files.contains_key(&inside) {
                return None;
            }
        }
    }
    base.extend(rest.iter().cloned());
    Some(base)
}

/// The circles: sets of files of which each can be reached from each.
fn circles(graph: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>) -> Vec<BTreeSet<Vec<String>>> {
    let reach = |from: &Vec<String>| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(module) = next.pop() {
            for to in graph.get(module).into_iter().flatten() {
                if seen.insert(to.clone()) {
                    next.push(to);
                }
            }
        }
        seen
    };
    let reached: BTreeMap<_, _> = graph.keys().map(|module| (module, reach(module))).collect();
    let mut circles: Vec<BTreeSet<Vec<String>>> = Vec::new();
    for (module, all) in &reached {
        let circle: BTreeSet<Vec<String>> = all
            .iter()
            .filter(|to| reached.get(to).is_some_and(|it| it.contains(*module)))
            .cloned()
            .collect();
        if circle.len() > 1 && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut found = Vec::new();
    for name in CRATES {
        let imports = Imports::of(name);
        let graph = imports.graph();
        let arrows: usize = graph.values().map(BTreeSet::len).sum();
        println!("{name}: {} files, {arrows} imports", graph.len());
        assert!(arrows > 0 || graph.len() == 1, "{name}: nothing was read");
        for circle in circles(&graph) {
            for module in &circle {
                for (to, name) in imports.of_module(module) {
                    if circle.contains(&to) && to != *module {
                        println!("  {} -> {}: {name}", module.join("::"), to.join("::"));
                    }
                }
            }
            found.push(circle);
        }
    }
    assert!(found.is_empty(), "{} circles", found.len());
}

#[test]
fn no_source_file_is_long() {
    let mut long = Vec::new();
    for name in CRATES {
        for (module, file) in modules(name) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            if lines >= TOO_LONG {
                long.push(format!("{name}::{}: {lines} lines", module.join("::")));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

/// The map walks one datagram through files and functions, which are to be there.
#[test]
fn the_walk_of_the_map_leads_through_what_there_is() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, walk) = map.split_once("\n## One datagram").expect("the map has the walk");
    let walk = walk.split("\n## ").next().unwrap_or_default();
    let steps = walk.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    let mut functions = 0;
    for step in steps {
        let named: Vec<&str> = step.split('`').skip(1).step_by(2).collect();
        assert!(named.iter().any(|it| it.ends_with(".rs")), "{step}");
        // A file, and a function of it on either side.
        for (place, name) in named.iter().enumerate().filter(|(_, it)| !it.ends_with(".rs")) {
            let around = place.saturating_sub(1)..(place + 2).min(named.len());
            let mut files = named[around].iter().filter(|it| it.ends_with(".rs"));
            let has_it = |file: &&str| {
                let text = fs::read_to_string(root().join(file));
                text.is_ok_and(|text| text.contains(&format!("fn {name}")))
            };
            assert!(files.any(has_it), "{name} is not there: {step}");
            functions += 1;
        }
        let files = named.iter().filter(|it| it.ends_with(".rs"));
        files.for_each(|file| assert!(root().join(file).exists(), "{file} is not there"));
    }
    assert!(functions >= 10, "{functions} functions");
}

#[test]
fn a_circle_is_seen() {
    let node = |name: &str| vec![name.to_owned()];
    let edge = |from: &str, to: &[&str]| (node(from), to.iter().map(|it| node(it)).collect());
    let graph = [edge("a", &["b"]), edge("b", &["c"]), edge("c", &["a", "d"]), edge("d", &[])];
    let found = circles(&graph.into());
    assert_eq!(found, [["a", "b", "c"].map(node).into()]);
    let (private, public) =
        uses("pub use x::Y;\nuse crate::{a::B, c::{D, e::F as G}};\nlet z = crate::h::i();");
    let joined = |paths: &[Vec<String>]| -> Vec<String> {
        paths.iter().map(|path| path.join("::")).collect()
    };
    let (through, _) = uses("use crate::verb;\nlet x = verb::say::Hello + other::verb::x;");
    assert_eq!(joined(&through).last().unwrap(), "crate::verb::say::Hello");
    assert_eq!(joined(&public), ["x::Y"]);
    let expected = ["crate::a::B", "crate::c::D", "crate::c::e::F", "crate::h::i"];
    assert_eq!(joined(&private), expected);
}
