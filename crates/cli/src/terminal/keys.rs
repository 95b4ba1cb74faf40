//! The keys of a terminal, one by one and without their echo.
//!
//! Only the gathering of lines and the echo are turned off: Ctrl-C and Ctrl-Z stay signals, and what is written looks
//! as before. That is less than the raw mode that libraries for terminals have.

/// A key that does something.
#[cfg_attr(not(unix), allow(dead_code, reason = "no keys are read there"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Sort,
    Reverse,
    Quit,
}

/// What terminals send for each: xterm and its kin in both modes of their cursor keys, and rxvt and the Linux console.
#[cfg(any(unix, test))]
const SENT: [(&[u8], Key); 25] = [
    (b"\x1b[A", Key::Up),
    (b"\x1bOA", Key::Up),
    (b"k", Key::Up),
    (b"\x1b[B", Key::Down),
    (b"\x1bOB", Key::Down),
    (b"j", Key::Down),
    (b"\r", Key::Down),
    (b"\n", Key::Down),
    (b"\x1b[5~", Key::PageUp),
    (b"b", Key::PageUp),
    (b"\x1b[6~", Key::PageDown),
    (b" ", Key::PageDown),
    (b"\x1b[H", Key::Home),
    (b"\x1bOH", Key::Home),
    (b"\x1b[1~", Key::Home),
    (b"\x1b[7~", Key::Home),
    (b"g", Key::Home),
    (b"\x1b[F", Key::End),
    (b"\x1bOF", Key::End),
    (b"\x1b[4~", Key::End),
    (b"\x1b[8~", Key::End),
    (b"G", Key::End),
    (b"s", Key::Sort),
    (b"r", Key::Reverse),
    (b"q", Key::Quit),
];

/// The first key of what was typed, and how many bytes it took; `None` where those do nothing.
#[cfg(any(unix, test))]
fn decode(typed: &[u8]) -> (Option<Key>, usize) {
    if let Some((sent, key)) = SENT.iter().find(|(sent, _)| typed.starts_with(sent)) {
        return (Some(*key), sent.len());
    }
    match typed {
        // A sequence that means nothing here, to its last byte (ECMA-48 section 5.4).
        [0x1b, b'[', rest @ ..] => {
            let end = rest.iter().position(|byte| (0x40..=0x7e).contains(byte));
            (None, 2 + end.map_or(rest.len(), |end| end + 1))
        }
        [0x1b, b'O', ..] => (None, typed.len().min(3)),
        _ => (None, 1),
    }
}

/// Listens to the keys as long as it lives, and then leaves the terminal as it was.
#[cfg_attr(not(unix), allow(dead_code, reason = "no keys are read there"))]
#[derive(Debug)]
pub(crate) struct Keyboard(());

#[cfg(unix)]
mod unix {
    use std::io::{self, IsTerminal, Read};
    use std::sync::{Mutex, MutexGuard, PoisonError};
    use std::thread;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;
    use rustix::process::getpgrp;
    use rustix::termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr,
    };

    use super::{Key, Keyboard, decode};

    /// How the terminal was, while it is otherwise.
    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    /// How often it is looked whether the program is in the foreground again.
    const LOOK: Duration = Duration::from_millis(250);

    impl Keyboard {
        /// Calls `press` for each key; `None` where stdin is no terminal of this program's.
        pub(crate) fn listen(press: impl FnMut(Key) + Send + 'static) -> Option<Keyboard> {
            let stdin = io::stdin();
            if !stdin.is_terminal() || !is_in_foreground() {
                return None;
            }
            let before = tcgetattr(&stdin).ok()?;
            *lock() = Some(before);
            let keyboard = Keyboard(());
            Keyboard::resume();
            thread::Builder::new().name("keys".into()).spawn(|| read(press)).ok()?;
            Some(keyboard)
        }

        /// Has the keys come one by one, where they are listened to: after a stop, too, as shells have a terminal
        /// their own way meanwhile.
        pub(crate) fn resume() {
            let before = lock();
            if let Some(before) = before.as_ref().filter(|_| is_in_foreground()) {
                let mut modes = before.clone();
                modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
                // A read takes what there is.
                modes.special_codes[SpecialCodeIndex::VMIN] = 1;
                modes.special_codes[SpecialCodeIndex::VTIME] = 0;
                // Where that fails they come with the line.
                let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
            }
        }

        /// Leaves the terminal as it was, where a keyboard is listened to.
        pub(crate) fn restore() {
            if let Some(before) = lock().take() {
                // Where that fails there is no terminal any more.
                let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
            }
        }
    }

    fn lock() -> MutexGuard<'static, Option<Termios>> {
        BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads keys until the terminal is gone.
    fn read(mut press: impl FnMut(Key)) {
        let mut stdin = io::stdin();
        let mut typed = [0; 64];
        loop {
            match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], None) {
                Err(Errno::INTR) => continue,
                Err(_) => return,
                Ok(_) => {}
            }
            // What is typed meanwhile is for the shell, and who reads it would be stopped.
            if !is_in_foreground() {
                thread::sleep(LOOK);
                continue;
            }
            let Ok(length @ 1..) = stdin.read(&mut typed) else { return };
            let mut rest = &typed[..length];
            while !rest.is_empty() {
                let (key, taken) = decode(rest);
                key.into_iter().for_each(&mut press);
                rest = &rest[taken..];
            }
        }
    }

    /// Whether what is typed is for this program: a shell has it in the foreground, or none has the terminal.
    fn is_in_foreground() -> bool {
        tcgetpgrp(io::stdin()).map_or(true, |foreground| foreground == getpgrp())
    }
}

#[cfg(not(unix))]
impl Keyboard {
    /// Nothing: a table has no keys here.
    pub(crate) fn listen(_press: impl FnMut(Key) + Send + 'static) -> Option<Keyboard> {
        None
    }

    /// Nothing was changed.
    pub(crate) fn restore() {}
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        Keyboard::restore();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(mut typed: &[u8]) -> Vec<Key> {
        let mut keys = Vec::new();
        while !typed.is_empty() {
            let (key, taken) = decode(typed);
            keys.extend(key);
            typed = &typed[taken..];
        }
        keys
    }

    #[test]
    fn keys_are_known_by_what_terminals_send_and_all_else_does_nothing() {
        assert_eq!(keys(b"\x1b[A\x1bOBj"), [Key::Up, Key::Down, Key::Down]);
        assert_eq!(
            keys(b"\x1b[6~\x1b[5~ b"),
            [Key::PageDown, Key::PageUp, Key::PageDown, Key::PageUp]
        );
        assert_eq!(keys(b"\x1b[1;5Asq"), [Key::Sort, Key::Quit], "Ctrl and a cursor key");
        assert_eq!(keys(b"\x1bOPr"), [Key::Reverse], "F1");
        for nothing in [&b"\x1b"[..], b"\x1b[", b"\x1b[200", b"\x1bO", b"\xff\x00xyz", b"\x1b["] {
            assert_eq!(keys(nothing), [], "{nothing:?}");
        }
    }
}
