//! Standard output, written by a thread of its own.
//!
//! The thread that drives the sockets must not wait for whoever reads our output: lines go into a
//! bounded buffer that a writer takes whole, so that under load one write carries many lines. Both
//! keep their buffers: printing does not allocate once running.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes that may wait to be written.
const CAPACITY: usize = 1 << 20;

/// How long the end of a run waits for a reader that has stopped.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the writer rests after each write.
const PACE: Duration = Duration::from_millis(1);

/// What the reader of our output is to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The run is for the reader: it waits while the reader is slow, and ends when it has gone.
    Needed,
    /// The run goes on without: lines that the reader does not take are dropped and counted.
    Optional,
}

/// A handle to the writer.
#[derive(Clone)]
pub(crate) struct Output {
    shared: Arc<Shared>,
    reader: Reader,
}

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
    /// The writer has ended, for this reason.
    failed: Option<io::Error>,
    /// Nobody is to wait for the reader any more.
    released: bool,
    dropped: u64,
}

impl Output {
    /// Starts the writer. `on_failure` is called once, on its thread, when writing has failed for
    /// good: as a rule because the reader has closed the pipe.
    pub(crate) fn start(
        mut out: impl Write + Send + 'static,
        reader: Reader,
        on_failure: impl FnOnce() + Send + 'static,
    ) -> io::Result<Output> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let output = Output { shared: shared.clone(), reader };
        thread::Builder::new().name("stdout".into()).spawn(move || {
            let error = shared.write_all(&mut out);
            let mut state = shared.lock();
            state.failed = Some(error);
            shared.changed.notify_all();
            drop(state);
            on_failure();
        })?;
        Ok(output)
    }

    /// Has a line written, or nothing if it is empty. After a failure lines go nowhere.
    pub(crate) fn print(&self, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        let mut state = self.shared.lock();
        // A line that is longer than the buffer passes when it is alone.
        while state.failed.is_none()
            && !state.waiting.is_empty()
            && state.waiting.len() + line.len() > CAPACITY
        {
            if self.reader == Reader::Optional || state.released {
                if state.dropped == 0 {
                    log::warn!("stdout takes no more: lines are dropped, the run goes on");
                }
                state.dropped += 1;
                return;
            }
            state = self.shared.wait(state);
        }
        if state.failed.is_none() {
            state.waiting.extend_from_slice(line);
            state.waiting_lines += 1;
            // To wake a thread costs more than to print a line: only one that waits is woken.
            if std::mem::take(&mut state.writer_waits) {
                self.shared.changed.notify_all();
            }
        }
    }

    /// Waits until everything is written, or writing has failed, or waiting is over.
    pub(crate) fn flush(&self) {
        let mut state = self.shared.lock();
        while !state.is_idle() && !state.released {
            state = self.shared.wait(state);
        }
    }

    /// Ends all waiting for the reader: the run is to end.
    pub(crate) fn release(&self) {
        self.shared.lock().released = true;
        self.shared.changed.notify_all();
    }

    /// Waits until everything is written, but not for ever where the reader must not hold up the run.
    pub(crate) fn finish(self) -> Finished {
        if self.reader == Reader::Needed {
            self.flush();
        }
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), PATIENCE, |state| !state.is_idle())
            .unwrap_or_else(PoisonError::into_inner);
        let error = state.failed.as_ref();
        Finished {
            closed: error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe),
            error: error
                .filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
                .map(ToString::to_string),
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

impl State {
    fn is_idle(&self) -> bool {
        self.failed.is_some() || self.waiting_lines + self.taken_lines == 0
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

    /// Writes whatever comes, until that fails.
    fn write_all(&self, out: &mut impl Write) -> io::Error {
        let mut taken = Vec::new();
        let mut state = self.lock();
        loop {
            while state.waiting.is_empty() {
                state.writer_waits = true;
                state = self.wait(state);
            }
            std::mem::swap(&mut state.waiting, &mut taken);
            state.taken_lines = std::mem::take(&mut state.waiting_lines);
            self.changed.notify_all();
            drop(state);
            if let Err(error) = out.write_all(&taken).and_then(|()| out.flush()) {
                return error;
            }
            taken.clear();
            self.lock().taken_lines = 0;
            self.changed.notify_all();
            // Under load the next write then carries many lines.
            thread::sleep(PACE);
            state = self.lock();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, Sender};

    use super::*;

    /// Takes one write for each permit, and hands on what it took.
    struct Gate {
        permits: Receiver<io::Result<()>>,
        taken: Sender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.permits.recv().unwrap_or(Ok(()))?;
            let _ = self.taken.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gate() -> (Gate, Sender<io::Result<()>>, Receiver<Vec<u8>>) {
        let (permit, permits) = mpsc::channel();
        let (taken, took) = mpsc::channel();
        (Gate { permits, taken }, permit, took)
    }

    const ALL_WELL: Finished = Finished { closed: false, error: None, unwritten: 0 };

    #[test]
    fn lines_arrive_whole_and_in_order() {
        let (gate, permit, took) = gate();
        let output = Output::start(gate, Reader::Needed, || {}).unwrap();
        drop(permit);
        for n in 0..10_000 {
            output.print(format!("line {n}\n").as_bytes());
        }
        assert_eq!(output.finish(), ALL_WELL);
        let expected: String = (0..10_000).map(|n| format!("line {n}\n")).collect();
        assert_eq!(took.try_iter().flatten().collect::<Vec<u8>>(), expected.as_bytes());
    }

    #[test]
    fn a_reader_that_stops_holds_up_nobody_and_what_it_missed_is_counted() {
        let (gate, permit, took) = gate();
        let output = Output::start(gate, Reader::Optional, || {}).unwrap();
        let line = [b'x'; CAPACITY / 4];
        for _ in 0..100 {
            output.print(&line);
        }
        // Whatever the writer took, and four lines in the buffer; the rest is lost.
        drop(permit);
        let unwritten = output.finish().unwritten;
        let written = took.try_iter().flatten().count() / line.len();
        assert_eq!(unwritten + written as u64, 100);
        assert!((4..=8).contains(&written), "{written} lines written");
    }

    #[test]
    fn a_reader_that_never_comes_back_does_not_keep_the_run_from_ending() {
        let (gate, _permit, _took) = gate();
        let output = Output::start(gate, Reader::Optional, || {}).unwrap();
        output.print(b"line\n");
        assert_eq!(output.finish(), Finished { unwritten: 1, ..ALL_WELL });
    }

    #[test]
    fn release_ends_the_wait_for_a_reader_that_stopped() {
        let (gate, _permit, _took) = gate();
        let output = Output::start(gate, Reader::Needed, || {}).unwrap();
        let printer = output.clone();
        let (printed, all_printed) = mpsc::channel();
        thread::spawn(move || {
            let line = [b'x'; CAPACITY / 2];
            (0..10).for_each(|_| printer.print(&line));
            printed.send(()).unwrap();
        });
        output.release();
        all_printed.recv_timeout(PATIENCE * 60).expect("nobody waits any more");
        assert_eq!(output.finish().unwritten, 10);
    }

    #[test]
    fn a_closed_pipe_is_told_once_and_is_no_error() {
        let (gate, permit, _took) = gate();
        let (told, tell) = mpsc::channel();
        let output = Output::start(gate, Reader::Needed, move || told.send(()).unwrap()).unwrap();
        permit.send(Err(io::ErrorKind::BrokenPipe.into())).unwrap();
        output.print(b"line\n");
        assert_eq!(tell.iter().count(), 1);
        output.print(b"another\n");
        let finished = output.finish();
        assert!(finished.closed && finished.error.is_none(), "{finished:?}");
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let (gate, permit, _took) = gate();
        let output = Output::start(gate, Reader::Needed, || {}).unwrap();
        permit.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        output.print(b"line\n");
        assert!(output.finish().error.is_some());
    }
}
