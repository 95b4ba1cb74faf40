//! Making network namespaces and confining programs to them: the one place of the tests with `unsafe`.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Signal, getegid, geteuid, set_parent_process_death_signal};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

/// A network namespace, and the process that keeps it alive until this is dropped.
pub(super) struct Namespace {
    /// `cat` on a pipe of ours: it ends when we do, however we do.
    holder: Child,
    /// The user namespace that gives an ordinary user power over the network namespace; `None`: root's
    /// own power serves.
    user: Option<Arc<File>>,
    network: Arc<File>,
}

impl Namespace {
    /// A namespace of our own, as root or, through a user namespace, as anybody.
    pub(super) fn outer() -> io::Result<Namespace> {
        if geteuid().is_root()
            && let Ok(namespace) = Namespace::make(None, |command| {
                before_exec(command, || unshare(UnshareFlags::NEWNET));
            })
        {
            return Ok(namespace);
        }
        let uid_map = format!("0 {} 1", geteuid().as_raw());
        let gid_map = format!("0 {} 1", getegid().as_raw());
        let mut namespace = Namespace::make(None, |command| {
            before_exec(command, move || {
                unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNET)?;
                write(c"/proc/self/setgroups", b"deny")?;
                write(c"/proc/self/uid_map", uid_map.as_bytes())?;
                write(c"/proc/self/gid_map", gid_map.as_bytes())
            });
        })?;
        namespace.user = Some(Arc::new(link(namespace.pid(), "user")?));
        Ok(namespace)
    }

    /// A further network namespace with the same owner.
    pub(super) fn inner(&self) -> io::Result<Namespace> {
        Namespace::make(self.user.clone(), |command| {
            let user = self.user.clone();
            before_exec(command, move || {
                enter(user.as_deref(), LinkNameSpaceType::User)?;
                unshare(UnshareFlags::NEWNET)
            });
        })
    }

    fn make(user: Option<Arc<File>>, prepare: impl FnOnce(&mut Command)) -> io::Result<Namespace> {
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        prepare(&mut command);
        let mut holder = command.spawn()?;
        match link(holder.id(), "net").and_then(private) {
            Ok(network) => Ok(Namespace { holder, user, network: Arc::new(network) }),
            Err(error) => {
                holder.kill()?;
                holder.wait()?;
                Err(error)
            }
        }
    }

    /// The process that `ip … netns PID` can name.
    pub(super) fn pid(&self) -> u32 {
        self.holder.id()
    }

    /// Lets a program run in this namespace or not at all, and no longer than the thread that starts it.
    pub(super) fn confine(&self, command: &mut Command) {
        let (user, network) = (self.user.clone(), self.network.clone());
        before_exec(command, move || {
            enter(user.as_deref(), LinkNameSpaceType::User)?;
            enter(Some(&network), LinkNameSpaceType::Network)
        });
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // It can only have ended already.
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}

fn link(pid: u32, kind: &str) -> io::Result<File> {
    File::open(format!("/proc/{pid}/ns/{kind}"))
}

/// Refuses a namespace that is the machine's own, so that nothing is ever sent by its cards.
fn private(network: File) -> io::Result<File> {
    let ours = std::fs::metadata("/proc/self/ns/net")?;
    let theirs = network.metadata()?;
    if (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino()) {
        return Err(io::Error::other("the kernel gave the network namespace that we were in"));
    }
    Ok(network)
}

/// Runs `prepare` in the child, lets it be hung up even where we can't be, and makes it die with the thread
/// that started it: that is said last, since a change of credentials takes it back.
fn before_exec(
    command: &mut Command,
    mut prepare: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    let prepare = move || {
        prepare()?;
        // SAFETY: a system call that sets what exec keeps: no handler is there afterwards.
        unsafe { libc::signal(libc::SIGHUP, libc::SIG_DFL) };
        Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
    };
    // SAFETY: what runs between fork and exec is this file's: system calls on memory that was laid out
    // before the fork. It allocates nothing, takes no lock and reads no environment.
    unsafe { command.pre_exec(prepare) };
}

fn unshare(what: UnshareFlags) -> io::Result<()> {
    // SAFETY: the danger is `FILES`, which nobody here asks for.
    Ok(unsafe { unshare_unsafe(what) }?)
}

fn enter(namespace: Option<&File>, kind: LinkNameSpaceType) -> io::Result<()> {
    match namespace {
        Some(namespace) => Ok(move_into_link_name_space(namespace.as_fd(), Some(kind))?),
        None => Ok(()),
    }
}

fn write(path: &std::ffi::CStr, bytes: &[u8]) -> io::Result<()> {
    let file = rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(file, bytes)?;
    Ok(())
}
