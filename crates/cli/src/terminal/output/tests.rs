//! A writer against readers that are slow, gone or full.

use std::sync::mpsc::{self, Receiver, Sender};

use super::*;

/// Takes one write for each permit, as many bytes as it says, and hands on what it took.
struct Gate {
    permits: Receiver<io::Result<usize>>,
    taken: Sender<Vec<u8>>,
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let most = self.permits.recv().unwrap_or(Ok(usize::MAX))?;
        let bytes = &bytes[..most.min(bytes.len())];
        let _ = self.taken.send(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn gate() -> (Gate, Sender<io::Result<usize>>, Receiver<Vec<u8>>) {
    let (permit, permits) = mpsc::channel();
    let (taken, took) = mpsc::channel();
    (Gate { permits, taken }, permit, took)
}

/// An output to which nothing is added, and what it tells.
fn start(out: impl Write + Send + 'static, reader: Reader) -> (Output, Receiver<String>) {
    let (tell, told) = mpsc::channel();
    let tell = move |trouble: Trouble<'_>| drop(tell.send(format!("{trouble:?}")));
    (Output::start("test", out, reader, |_| None, tell).unwrap(), told)
}

const ALL_WELL: Finished = Finished { closed: false, error: None, unwritten: 0 };

#[test]
fn lines_arrive_whole_and_in_order() {
    let (gate, permit, took) = gate();
    let (output, _) = start(gate, Reader::Needed);
    drop(permit);
    for n in 0..10_000 {
        assert!(output.print(format!("line {n}\n").as_bytes(), IfFull::Wait));
    }
    assert_eq!(output.finish(IfFull::Wait), ALL_WELL);
    let expected: String = (0..10_000).map(|n| format!("line {n}\n")).collect();
    assert_eq!(took.try_iter().flatten().collect::<Vec<u8>>(), expected.as_bytes());
}

#[test]
fn a_reader_that_stops_holds_up_nobody_and_what_it_missed_is_counted() {
    let (gate, permit, took) = gate();
    let (output, _) = start(gate, Reader::Optional);
    let line = [b'x'; CAPACITY / 4];
    let accepted = (0..100).filter(|_| output.print(&line, IfFull::Drop)).count();
    // Whatever the writer took, and four lines in the buffer; the rest is lost.
    drop(permit);
    let unwritten = output.finish(IfFull::Drop).unwritten;
    let written = took.try_iter().flatten().count() / line.len();
    assert_eq!((written, unwritten), (accepted, 100 - accepted as u64));
    assert!((4..=8).contains(&written), "{written} lines written");
}

#[test]
fn a_reader_that_never_comes_back_does_not_keep_the_run_from_ending() {
    let (gate, _permit, _took) = gate();
    let (output, _) = start(gate, Reader::Optional);
    output.print(b"line\n", IfFull::Drop);
    assert_eq!(output.finish(IfFull::Drop), Finished { unwritten: 1, ..ALL_WELL });
}

#[test]
fn release_ends_the_wait_for_a_reader_that_stopped() {
    let (gate, _permit, _took) = gate();
    let (output, _) = start(gate, Reader::Needed);
    let printer = output.clone();
    let (printed, all_printed) = mpsc::channel();
    thread::spawn(move || {
        let line = [b'x'; CAPACITY / 2];
        for _ in 0..10 {
            printer.print(&line, IfFull::Wait);
        }
        printed.send(()).unwrap();
    });
    output.release();
    all_printed.recv_timeout(PATIENCE * 60).expect("nobody waits any more");
    assert_eq!(output.finish(IfFull::Wait).unwritten, 10);
}

#[test]
fn what_is_fleeting_is_left_out_while_anything_waits_and_missed_by_nobody() {
    let (gate, permit, took) = gate();
    let (output, told) = start(gate, Reader::Needed);
    assert!(output.print(b"frame 1\n", IfFull::Skip));
    assert!(!output.print(b"frame 2\n", IfFull::Skip));
    drop(permit);
    assert_eq!(output.finish(IfFull::Wait), ALL_WELL);
    assert!(output.print(b"frame 3\n", IfFull::Skip));
    assert_eq!(output.finish(IfFull::Wait), ALL_WELL);
    assert_eq!(took.try_iter().collect::<Vec<_>>(), [b"frame 1\n", b"frame 3\n"]);
    assert_eq!(told.try_iter().count(), 0);
}

#[test]
fn what_is_due_is_written_though_nothing_is_printed() {
    let (gate, permit, took) = gate();
    drop(permit);
    let mut calls = 0;
    let add = move |buffer: &mut Vec<u8>| {
        calls += 1;
        buffer.extend_from_slice(format!("due {calls}\n").as_bytes());
        (calls < 3).then_some(Duration::from_millis(1))
    };
    let output = Output::start("test", gate, Reader::Needed, add, |_| {}).unwrap();
    output.print(b"line\n", IfFull::Wait);
    let expected = [&b"line\ndue 1\n"[..], b"due 2\n", b"due 3\n"];
    assert_eq!(took.iter().take(3).collect::<Vec<_>>(), expected);
    assert_eq!(output.finish(IfFull::Wait), ALL_WELL);
}

#[test]
fn a_closed_pipe_is_told_once_and_is_no_error() {
    let (gate, permit, _took) = gate();
    let (output, told) = start(gate, Reader::Needed);
    permit.send(Err(ErrorKind::BrokenPipe.into())).unwrap();
    output.print(b"line\n", IfFull::Wait);
    assert_eq!(told.recv().unwrap(), "Failed(Kind(BrokenPipe))");
    output.print(b"another\n", IfFull::Wait);
    let finished = output.finish(IfFull::Wait);
    assert!(finished.closed && finished.error.is_none(), "{finished:?}");
    assert_eq!(told.try_iter().count(), 0);
}

#[test]
fn a_full_disk_ends_the_run_of_a_reader_who_is_needed() {
    let (gate, permit, _took) = gate();
    let (output, told) = start(gate, Reader::Needed);
    permit.send(Err(ErrorKind::StorageFull.into())).unwrap();
    output.print(b"line\n", IfFull::Wait);
    assert_eq!(told.recv().unwrap(), "Failed(Kind(StorageFull))");
    let error = output.finish(IfFull::Wait).error;
    assert_eq!(error.as_deref(), Some("no space left on the device"));
}

#[test]
fn room_that_comes_again_is_used_and_no_line_is_torn() {
    let (gate, permit, took) = gate();
    let (output, told) = start(gate, Reader::Optional);
    output.print(b"line 1\n", IfFull::Drop);
    permit.send(Ok(3)).unwrap();
    for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
        permit.send(Err(kind.into())).unwrap();
    }
    assert_eq!(told.recv().unwrap(), "Full(Kind(StorageFull))");
    let line = [b'x'; CAPACITY];
    assert!(output.print(&line, IfFull::Drop));
    assert!(!output.print(&line, IfFull::Drop) && !output.print(&line, IfFull::Drop));
    drop(permit);
    assert_eq!(told.recv().unwrap(), "RoomAgain(2)");
    assert_eq!(output.finish(IfFull::Drop), Finished { unwritten: 2, ..ALL_WELL });
    let written: Vec<u8> = took.try_iter().flatten().collect();
    assert_eq!(written.len(), 7 + CAPACITY);
    assert!(written.starts_with(b"line 1\nx"));
}

#[test]
fn a_disk_that_is_full_at_the_end_is_an_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (output, told) = start(Full, Reader::Optional);
    output.print(b"line\n", IfFull::Drop);
    assert_eq!(told.recv().unwrap(), "Full(Kind(StorageFull))");
    let finished = output.finish(IfFull::Drop);
    let error = Some("no space left on the device".into());
    assert_eq!(finished, Finished { closed: false, error, unwritten: 1 });
    assert_eq!(told.try_iter().count(), 0, "the run's end tells");
}

#[test]
fn a_pipe_that_somebody_made_nonblocking_is_waited_for() {
    let (gate, permit, took) = gate();
    let (output, _) = start(gate, Reader::Needed);
    for _ in 0..3 {
        permit.send(Err(ErrorKind::WouldBlock.into())).unwrap();
    }
    drop(permit);
    output.print(b"line\n", IfFull::Wait);
    assert_eq!(output.finish(IfFull::Wait), ALL_WELL);
    assert_eq!(took.try_iter().collect::<Vec<_>>(), [b"line\n"]);
}
