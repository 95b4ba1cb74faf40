//! Running a program that tells the rules: without a shell, and within bounds.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long one may take, and how much it may say.
const PATIENCE: Duration = Duration::from_secs(2);
const MOST: u64 = 8 * 1024 * 1024;

/// Where programs for root lie, which an ordinary user's PATH may leave out.
const FOLDERS_OF_ROOT: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/// Why the rules are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// There is no such program.
    NotInstalled,
    /// Root alone may read them.
    Forbidden,
    /// For this reason.
    Other(String),
}

/// What a program says.
pub(super) fn output(program: &str, args: &[&str]) -> Result<String, Failure> {
    let path = find(program).ok_or(Failure::NotInstalled)?;
    let mut command = Command::new(path);
    command.args(args).env("LC_ALL", "C");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let failed = |why: String| Failure::Other(format!("{program}: {why}"));
    let mut child = command.spawn().map_err(|cause| failed(cause.to_string()))?;
    let told = read(&mut child, PATIENCE, MOST);
    // It has ended, or is to.
    let _ = child.kill();
    let status = child.wait().map_err(|cause| failed(cause.to_string()))?;
    let (stdout, stderr) = told.map_err(failed)?;
    match status.success() {
        true => Ok(stdout),
        false => Err(refusal(program, &stderr)),
    }
}

/// The program in a folder of PATH or of root's. A folder that is named from where one stands is left: it
/// may be anybody's.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(FOLDERS_OF_ROOT.map(PathBuf::from));
    let places = folders.filter(|it| it.is_absolute()).map(|folder| folder.join(program));
    places.into_iter().find(|place| Path::is_file(place))
}

/// Reads what a program says on both its outputs, until it has closed them.
fn read(child: &mut Child, patience: Duration, most: u64) -> Result<(String, String), String> {
    let stdout = whole(child.stdout.take(), most);
    let stderr = whole(child.stderr.take(), most);
    let late = |_| format!("it took longer than {} s", patience.as_secs_f32());
    let stdout = stdout.recv_timeout(patience).map_err(late)?;
    if stdout.len() as u64 == most {
        return Err(format!("it says more than {most} bytes"));
    }
    let stderr = stderr.recv_timeout(patience).map_err(late)?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((text(stdout), text(stderr)))
}

/// Has a thread read all of it. One that outlives its bound ends when the program's side is closed.
fn whole(output: Option<impl Read + Send + 'static>, most: u64) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(output) = output {
            // What comes before an error is told, as what comes before an end is.
            let _ = output.take(most).read_to_end(&mut bytes);
        }
        // Nobody waits any more where it took too long.
        let _ = sender.send(bytes);
    });
    receiver
}

fn refusal(program: &str, stderr: &str) -> Failure {
    const WORDS: [&str; 3] = ["not permitted", "Permission denied", "must be root"];
    if WORDS.iter().any(|word| stderr.contains(word)) {
        return Failure::Forbidden;
    }
    let first = stderr.lines().find(|line| !line.trim().is_empty()).unwrap_or("it failed");
    Failure::Other(format!("{program}: {}", first.trim()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_programs_words_and_its_refusals_are_told() {
        assert_eq!(output("echo", &["a", "b"]), Ok("a b\n".into()));
        assert_eq!(output("no-such-program", &[]), Err(Failure::NotInstalled));
        assert!(
            matches!(output("cat", &["/no/such"]), Err(Failure::Other(why)) if why.starts_with("cat: "))
        );
        let nft = "Operation not permitted (you must be root)\nnetlink: Error: cache\n";
        assert_eq!(refusal("nft", nft), Failure::Forbidden);
        let iptables = "iptables-save v1.8.9 (nf_tables): Could not fetch rule set generation id: \
                        Permission denied (you must be root)";
        assert_eq!(refusal("iptables-save", iptables), Failure::Forbidden);
        assert_eq!(refusal("nft", ""), Failure::Other("nft: it failed".into()));
    }

    #[test]
    fn one_that_says_too_much_or_takes_too_long_is_not_waited_for() {
        let start = |program: &str, arg: &str| {
            let mut command = Command::new(program);
            command.arg(arg).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        };
        for (program, arg, why) in [("yes", "y", "more than 4096"), ("sleep", "60", "longer than")]
        {
            let mut child = start(program, arg);
            let told = read(&mut child, Duration::from_millis(300), 4096);
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(told.as_ref().is_err_and(|it| it.contains(why)), "{told:?}");
        }
    }
}
