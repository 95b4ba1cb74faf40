//! What this program writes, by threads of their own: whoever prints does not wait for whoever reads.
//!
//! Lines go into a bounded buffer that a writer takes whole, so that under load one write carries many
//! lines. Both keep their buffers: printing does not allocate once running.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes that may wait to be written.
const CAPACITY: usize = 1 << 20;

/// How long the end of a run waits for a reader that has stopped.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the writer rests after each write.
const PACE: Duration = Duration::from_millis(1);

/// How long the writer waits before it tries again where there was no room.
const RETRY: Duration = Duration::from_millis(250);

/// What the reader of our output is to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The run is for the reader: it ends when nothing can be written any more.
    Needed,
    /// The run goes on without, and the writer waits for room on a disk that is full.
    Optional,
}

/// What becomes of a line while the buffer is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfFull {
    /// Whoever prints it waits.
    Wait,
    /// It is dropped and counted.
    Drop,
    /// It is left out as long as anything waits at all: soon there is a fresher one.
    Skip,
}

/// What is wrong with the writing. It is told on the writer's thread.
#[derive(Debug)]
pub(crate) enum Trouble<'a> {
    /// There is no room on the disk; the writer waits for it.
    Full(&'a io::Error),
    /// There is room again; so many lines were dropped meanwhile.
    RoomAgain(u64),
    /// Writing has failed for good: as a rule because the reader has closed the pipe.
    Failed(&'a io::Error),
}

/// A handle to a writer.
#[derive(Clone)]
pub(crate) struct Output(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    waiting_lines: u64,
    /// Lines that the writer has taken and not finished with.
    taken_lines: u64,
    /// The writer has nothing to do, and waits to be woken.
    writer_waits: bool,
    /// The writer is at work.
    writer_works: bool,
    /// The writer has ended, for this reason.
    failed: Option<io::Error>,
    /// Nobody is to wait for the reader any more.
    released: bool,
    /// The writer is to wait for room no longer.
    is_ending: bool,
    dropped: u64,
}

impl Output {
    /// Starts a writer. Whenever it has written what there was, `add` may append what is due by now, and
    /// says when to be asked again though nothing is printed.
    pub(crate) fn start(
        name: &str,
        out: impl Write + Send + 'static,
        reader: Reader,
        add: impl FnMut(&mut Vec<u8>) -> Option<Duration> + Send + 'static,
        tell: impl FnMut(Trouble<'_>) + Send + 'static,
    ) -> io::Result<Output> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let output = Output(shared.clone());
        let mut writer = Writer { shared, out, reader, add, tell };
        thread::Builder::new().name(name.into()).spawn(move || {
            let error = writer.run();
            let Writer { shared, mut tell, .. } = writer;
            if !shared.lock().is_ending {
                tell(Trouble::Failed(&error));
            }
            shared.lock().failed = Some(error);
            shared.changed.notify_all();
        })?;
        Ok(output)
    }

    /// Has a line written, or nothing if it is empty; whether it was taken. After a failure lines go
    /// nowhere.
    pub(crate) fn print(&self, line: &[u8], if_full: IfFull) -> bool {
        let Output(shared) = self;
        let mut state = shared.lock();
        if line.is_empty() || state.failed.is_some() {
            return true;
        }
        if if_full == IfFull::Skip && !state.is_idle() {
            return false;
        }
        while !state.has_room_for(line) {
            if if_full != IfFull::Wait || state.released {
                state.dropped += 1;
                return false;
            }
            state = shared.wait(state);
        }
        state.waiting.extend_from_slice(line);
        state.waiting_lines += 1;
        // To wake a thread costs more than to print a line: only one that waits is woken.
        if std::mem::take(&mut state.writer_waits) {
            shared.changed.notify_all();
        }
        true
    }

    /// Ends all waiting for the reader: the run is to end.
    pub(crate) fn release(&self) {
        self.0.lock().released = true;
        self.0.changed.notify_all();
    }

    /// Waits until everything is written, but for a reader that has stopped a second at the most.
    pub(crate) fn catch_up(&self) {
        let Output(shared) = self;
        drop(shared.wait_while(shared.lock(), PATIENCE, |state| !state.is_idle()));
    }

    /// Waits until everything is written; for a reader that has stopped only as long as whoever prints
    /// would wait for it too, and a second more.
    pub(crate) fn finish(&self, if_full: IfFull) -> Finished {
        let Output(shared) = self;
        let mut state = shared.lock();
        while if_full == IfFull::Wait && !state.is_idle() && !state.released {
            state = shared.wait(state);
        }
        state.is_ending = true;
        drop(state);
        shared.changed.notify_all();
        self.catch_up();
        let state = shared.lock();
        let error = state.failed.as_ref();
        Finished {
            closed: error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe),
            error: error.filter(|error| error.kind() != ErrorKind::BrokenPipe).map(explain),
            unwritten: state.dropped + state.taken_lines + state.waiting_lines,
        }
    }
}

/// How the printing went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    /// The reader closed the pipe: it has seen enough.
    pub(crate) closed: bool,
    /// Writing failed for another reason.
    pub(crate) error: Option<String>,
    /// Lines that the reader did not take.
    pub(crate) unwritten: u64,
}

/// Says why something can't be written, where there is no room in words of our own.
pub(crate) fn explain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull => "no space left on the device".into(),
        ErrorKind::QuotaExceeded => "the disk quota is used up".into(),
        ErrorKind::FileTooLarge => "the file is as large as it may be".into(),
        _ => error.to_string(),
    }
}

/// Whether it is for want of room, which may come.
fn is_full(error: &io::Error) -> bool {
    use ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

impl State {
    /// A line that is longer than the buffer passes when it is alone.
    fn has_room_for(&self, line: &[u8]) -> bool {
        self.failed.is_some()
            || self.waiting.is_empty()
            || self.waiting.len() + line.len() <= CAPACITY
    }

    fn is_idle(&self) -> bool {
        self.failed.is_some() || !self.writer_works && self.waiting_lines == 0
    }
}

impl Shared {
    /// A panic elsewhere leaves the state whole: every change to it is one step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while<'a>(
        &self,
        state: MutexGuard<'a, State>,
        at_most: Duration,
        condition: impl Fn(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout_while(state, at_most, condition);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// What the thread has.
struct Writer<W, A, T> {
    shared: Arc<Shared>,
    out: W,
    reader: Reader,
    add: A,
    tell: T,
}

impl<W, A, T> Writer<W, A, T>
where
    W: Write,
    A: FnMut(&mut Vec<u8>) -> Option<Duration>,
    T: FnMut(Trouble<'_>),
{
    /// Writes whatever comes, until that fails.
    fn run(&mut self) -> io::Error {
        let mut taken = Vec::new();
        let mut due = None;
        loop {
            self.take(&mut taken, due);
            due = (self.add)(&mut taken);
            if let Err(error) = self.write(&taken) {
                return error;
            }
            taken.clear();
            let mut state = self.shared.lock();
            (state.taken_lines, state.writer_works) = (0, false);
            drop(state);
            self.shared.changed.notify_all();
            // Under load the next write then carries many lines.
            thread::sleep(PACE);
        }
    }

    /// Takes what waits, or nothing when something else is due before that.
    fn take(&self, taken: &mut Vec<u8>, due: Option<Duration>) {
        let mut state = self.shared.lock();
        while state.waiting.is_empty() {
            state.writer_waits = true;
            state = match due {
                None => self.shared.wait(state),
                Some(due) => self.shared.wait_while(state, due, |state| state.waiting.is_empty()),
            };
            if due.is_some() {
                break;
            }
        }
        (state.writer_waits, state.writer_works) = (false, true);
        std::mem::swap(&mut state.waiting, taken);
        state.taken_lines = std::mem::take(&mut state.waiting_lines);
        self.shared.changed.notify_all();
    }

    /// Writes all of it. Where a write takes a part, the rest follows it, however much later.
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        // What had been dropped when the disk was found to be full.
        let mut full_since = None;
        while !bytes.is_empty() {
            match self.out.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Somebody who shares the pipe has made it so.
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PACE * 20),
                Err(error) if self.reader == Reader::Optional && is_full(&error) => {
                    if full_since.is_none() {
                        full_since = Some(self.shared.lock().dropped);
                        (self.tell)(Trouble::Full(&error));
                    }
                    let state = self.shared.lock();
                    if state.is_ending {
                        return Err(error);
                    }
                    drop(self.shared.wait_while(state, RETRY, |state| !state.is_ending));
                }
                Err(error) => return Err(error),
            }
        }
        self.out.flush()?;
        if let Some(before) = full_since {
            let dropped = self.shared.lock().dropped - before;
            (self.tell)(Trouble::RoomAgain(dropped));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
