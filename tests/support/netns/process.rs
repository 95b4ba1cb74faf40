//! Programs under test: their lines as they come, signals, and an end within bounds. Each line of JSON that is read
//! is checked against the contract.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use rustix::fs::OFlags;
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use super::{PATIENCE, until};
use crate::contract::expect_kept;

/// A running program; killed when this is dropped.
pub struct Process {
    child: Guarded,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    /// Our side of its terminal, if it has one.
    terminal: Option<File>,
}

/// What a program left behind.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What stood on its stdout and had not been read yet.
    pub stdout: String,
    /// The same of its stderr.
    pub stderr: String,
}

impl Process {
    /// Starts a command with nothing on its stdin, and reads both its outputs.
    #[track_caller]
    pub fn start(command: Command) -> Process {
        let (process, stdout) = Process::start_unread(command);
        Process { stdout: lines(stdout), ..process }
    }

    /// Starts a command with nothing on its stdin, and leaves the reading of its stdout to the caller.
    #[track_caller]
    pub fn start_unread(command: Command) -> (Process, ChildStdout) {
        let (child, stdout, stderr) = spawn(command);
        let (nothing, stderr) = (channel().1, lines(stderr));
        (Process { child, stdout: nothing, stderr, terminal: None }, stdout)
    }

    /// Starts a command with nothing on its stdin, and leaves the reading of its stderr to the caller.
    #[track_caller]
    pub fn start_unheard(command: Command) -> (Process, ChildStderr) {
        let (child, stdout, stderr) = spawn(command);
        let (stdout, nothing) = (lines(stdout), channel().1);
        (Process { child, stdout, stderr: nothing, terminal: None }, stderr)
    }

    /// Starts a command on a terminal of its own. What it shows there, both its outputs, is read as its stdout.
    ///
    /// # Panics
    ///
    /// Where the system gives no terminal.
    #[track_caller]
    pub fn start_on_terminal(command: Command) -> Process {
        Process::start_on_terminal_of(command, (80, 24))
    }

    /// The same on a terminal of so many columns and lines.
    #[track_caller]
    pub fn start_on_terminal_of(mut command: Command, (columns, lines): (u16, u16)) -> Process {
        let (ours, theirs) = terminal().expect("a terminal");
        let size = Winsize { ws_col: columns, ws_row: lines, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&ours, size).expect("a terminal has a size");
        // Not by luck of whoever starts the tests.
        if !command.get_envs().any(|(name, _)| name == "TERM") {
            command.env("TERM", "xterm");
        }
        let end = || Stdio::from(theirs.try_clone().expect("another descriptor"));
        command.stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        // Its end is that of the terminal's other side, so nobody else may hold that.
        drop((command, theirs));
        let terminal = ours.try_clone().expect("another descriptor");
        let stdout = self::lines(ours);
        Process { child: Guarded(child), stdout, stderr: channel().1, terminal: Some(terminal) }
    }

    /// Types at its terminal.
    #[track_caller]
    pub fn type_keys(&self, keys: &str) {
        let mut terminal = self.terminal.as_ref().expect("it has a terminal");
        terminal.write_all(keys.as_bytes()).expect("a terminal takes keys");
    }

    /// Whether its terminal gathers lines and shows what is typed, as a terminal does that nobody has changed.
    #[track_caller]
    pub fn is_terminal_as_ever(&self) -> bool {
        let terminal = self.terminal.as_ref().expect("it has a terminal");
        let modes = tcgetattr(terminal).expect("a terminal has modes").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// The next line of stdout.
    #[track_caller]
    pub fn line(&self) -> String {
        self.line_with("")
    }

    /// The next line of JSON on stdout that tells of something that happened: not that it is ready.
    #[track_caller]
    pub fn event(&self) -> String {
        let line = self.line();
        if line.starts_with("{\"event\":\"ready\"") { self.line() } else { line }
    }

    /// The next line of stdout that contains this; those before it are passed over.
    #[track_caller]
    pub fn line_with(&self, part: &str) -> String {
        match next(&self.stdout, part) {
            Ok(line) => line,
            Err(passed) => {
                let stderr: String = self.stderr.try_iter().collect();
                panic!(
                    "no line with {part:?} on stdout; there were {passed:?}, and on stderr:\n{stderr}"
                );
            }
        }
    }

    /// The next line of stderr that contains this; those before it are passed over.
    #[track_caller]
    pub fn error_line_with(&self, part: &str) -> String {
        match next(&self.stderr, part) {
            Ok(line) => line,
            Err(passed) => panic!("no line with {part:?} on stderr; there were {passed:?}"),
        }
    }

    /// The lines of stdout that have come and were not read yet.
    pub fn lines_so_far(&self) -> Vec<String> {
        let shown = |line: String| {
            expect_kept(&line);
            line.trim_end_matches('\n').to_owned()
        };
        self.stdout.try_iter().map(shown).collect()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child.0), signal).expect("the process is ours");
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.0.try_wait().expect("a child of ours").is_none()
    }

    /// Waits for its end; panics where that takes longer than [`PATIENCE`].
    #[track_caller]
    pub fn wait(mut self) -> Finished {
        let mut status = None;
        until("the program's end", || {
            status = self.child.0.try_wait().expect("a child of ours");
            status.is_some()
        });
        let stdout: String = self.stdout.iter().collect();
        expect_kept(&stdout);
        Finished {
            code: status.and_then(|status| status.code()),
            stdout,
            stderr: self.stderr.iter().collect(),
        }
    }

    /// Sends a signal and waits for the end.
    #[track_caller]
    pub fn stop(self, signal: Signal) -> Finished {
        self.signal(signal);
        self.wait()
    }
}

#[track_caller]
fn spawn(mut command: Command) -> (Guarded, ChildStdout, ChildStderr) {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stdout = child.stdout.take().expect("a pipe");
    let stderr = child.stderr.take().expect("a pipe");
    (Guarded(child), stdout, stderr)
}

/// A terminal: the side that shows what the other side writes, and that side.
fn terminal() -> std::io::Result<(File, File)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let path = OsString::from_vec(ptsname(&ours, Vec::new())?.into_bytes());
    let mut options = File::options();
    options.read(true).write(true).custom_flags(OFlags::NOCTTY.bits().cast_signed());
    Ok((ours.into(), options.open(path)?))
}

/// A child that is killed when this is dropped.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        // It can only have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Reads a pipe to its end, line by line. Each line keeps its end, so that what a program printed can be
/// put together again.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|len| len > 0) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
}

#[track_caller]
fn next(lines: &Receiver<String>, part: &str) -> Result<String, Vec<String>> {
    let mut passed = Vec::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                expect_kept(&line);
                if line.contains(part) {
                    return Ok(line.trim_end_matches('\n').to_owned());
                }
                passed.push(line);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Err(passed),
        }
    }
}
