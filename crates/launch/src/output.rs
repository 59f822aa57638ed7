//! What the service prints: the last lines in memory, the rest in a bounded file.
//!
//! A service may print without end and without newlines. It must never wait for us, and we must never grow.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Lines that are kept in memory.
pub const OUTPUT_LINES_MAX: usize = 200;
/// What is kept of a line.
pub const LINE_BYTES_MAX: usize = 4 * 1024;
/// What is kept in the file.
pub const LOG_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// As much as a pipe holds by default.
const CHUNK_BYTES: usize = 64 * 1024;
/// A pipe holds at most a few chunks; a service that goes on printing must not keep us here.
const CATCH_UP_CHUNKS_MAX: usize = 32;

/// The service's standard output and standard error, in one pipe and so in the order in which they were written.
pub(crate) struct Output(Mutex<Drain>);

impl Output {
    /// Reads in a thread of its own: files and a talkative service must not hold up the async runtime, which
    /// measures time meanwhile. The thread ends when no process holds the other end of the pipe.
    pub(crate) fn drain(pipe: PipeReader, log: &Path) -> io::Result<Arc<Self>> {
        fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        let readable = pipe.as_fd().try_clone_to_owned()?;
        let log = Log::create(log)?;
        let tail = Tail::default();
        let output = Arc::new(Self(Mutex::new(Drain { pipe, tail, log, buffer: vec![0; CHUNK_BYTES] })));
        let drained = Arc::clone(&output);
        thread::Builder::new().name("service-output".into()).spawn(move || drained.run(&readable))?;
        Ok(output)
    }

    /// The last lines, up to all that was printed before this call.
    pub(crate) fn last_lines(&self, count: usize) -> Vec<String> {
        self.with(|drain| {
            drain.catch_up();
            drain.tail.last(count)
        })
    }

    /// Takes what is still in the pipe.
    pub(crate) fn catch_up(&self) {
        self.with(Drain::catch_up);
    }

    fn run(&self, readable: &OwnedFd) {
        loop {
            let mut wanted = [PollFd::new(readable.as_fd(), PollFlags::POLLIN)];
            // An interrupted wait only means a read that finds nothing.
            let _ = poll(&mut wanted, PollTimeout::NONE);
            if self.with(Drain::read_once) == Taken::End {
                return;
            }
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Drain) -> T) -> T {
        // Lines are whole after every step, so a panic elsewhere cannot have left them half done.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Taken {
    Bytes,
    Nothing,
    End,
}

struct Drain {
    pipe: PipeReader,
    tail: Tail,
    log: Log,
    buffer: Vec<u8>,
}

impl Drain {
    fn catch_up(&mut self) {
        for _ in 0..CATCH_UP_CHUNKS_MAX {
            if self.read_once() != Taken::Bytes {
                return;
            }
        }
    }

    fn read_once(&mut self) -> Taken {
        match self.pipe.read(&mut self.buffer) {
            Ok(0) => Taken::End,
            Ok(count) => {
                self.tail.push(&self.buffer[..count]);
                self.log.push(&self.buffer[..count]);
                Taken::Bytes
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Taken::Nothing
            }
            Err(_) => Taken::End,
        }
    }
}

/// The last lines, each cut.
#[derive(Default)]
struct Tail {
    lines: VecDeque<Vec<u8>>,
    /// The line that has not ended yet.
    current: Vec<u8>,
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ended) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
            let room = LINE_BYTES_MAX - self.current.len();
            self.current.extend_from_slice(&text[..text.len().min(room)]);
            if ended {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        if self.lines.len() == OUTPUT_LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(std::mem::take(&mut self.current));
    }

    fn last(&self, count: usize) -> Vec<String> {
        let unfinished = (!self.current.is_empty()).then_some(&self.current);
        let lines = self.lines.iter().chain(unfinished);
        let total = self.lines.len() + usize::from(unfinished.is_some());
        let text = |line: &Vec<u8>| String::from_utf8_lossy(line).trim_end_matches('\r').to_owned();
        lines.skip(total.saturating_sub(count.min(OUTPUT_LINES_MAX))).map(text).collect()
    }
}

/// The file; once it is full, or cannot be written, the rest is let go.
struct Log {
    file: Option<File>,
    left_bytes: u64,
}

impl Log {
    /// Only its owner may read it, since services print secrets.
    fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        Ok(Self { file: Some(file), left_bytes: LOG_BYTES_MAX })
    }

    fn push(&mut self, bytes: &[u8]) {
        let Some(file) = &mut self.file else { return };
        let fits = bytes.len().min(usize::try_from(self.left_bytes).unwrap_or(usize::MAX));
        let mut written = file.write_all(&bytes[..fits]);
        self.left_bytes -= fits as u64;
        if fits < bytes.len() {
            written = writeln!(file, "\n[cut here: this file is limited to {LOG_BYTES_MAX} bytes]");
            self.file = None;
        }
        if written.is_err() {
            self.file = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(chunks: &[&str], count: usize, expected: &[&str]) {
        let mut tail = Tail::default();
        chunks.iter().for_each(|chunk| tail.push(chunk.as_bytes()));
        assert_eq!(tail.last(count), expected, "{chunks:?}");
    }

    #[test]
    fn lines_are_kept_in_order_whatever_the_chunks() {
        check(&[], 5, &[]);
        check(&["one\ntwo\nthree\n"], 2, &["two", "three"]);
        check(&["on", "e\nt", "wo\r\n", "thr"], 5, &["one", "two", "thr"]);
        check(&["one\n\ntwo\n"], 5, &["one", "", "two"]);
        check(&["one\ntwo"], 1, &["two"]);
    }

    #[test]
    fn only_so_many_lines_and_so_much_of_each_are_kept() {
        let mut tail = Tail::default();
        (0..OUTPUT_LINES_MAX + 7).for_each(|n| tail.push(format!("{n}\n").as_bytes()));
        let lines = tail.last(usize::MAX);
        assert_eq!((lines.len(), lines[0].as_str()), (OUTPUT_LINES_MAX, "7"));
        (0..3).for_each(|_| tail.push(&[b'x'; 3000]));
        tail.push(b"y\nnext");
        assert_eq!(tail.last(2), ["x".repeat(LINE_BYTES_MAX), "next".to_owned()]);
    }

    #[test]
    fn a_hundred_megabytes_without_newline_neither_block_nor_grow() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("service.log");
        let (reader, writer) = io::pipe().unwrap();
        let before = drip_proc::memory(std::process::id()).unwrap().anon;
        let output = Output::drain(reader, &path).unwrap();
        let script = "head -c 100000000 /dev/zero | tr '\\0' x; echo; echo done";
        let mut shell = std::process::Command::new("sh");
        assert!(shell.args(["-c", script]).stdout(writer).status().unwrap().success());
        assert_eq!(output.last_lines(5), ["x".repeat(LINE_BYTES_MAX), "done".into()]);
        let grown = drip_proc::memory(std::process::id()).unwrap().anon.saturating_sub(before);
        assert!(grown < 8 * 1024 * 1024, "grew by {grown} bytes");
        let logged = std::fs::metadata(&path).unwrap().len();
        assert!((LOG_BYTES_MAX..LOG_BYTES_MAX + 200).contains(&logged), "{logged}");
    }

    #[test]
    fn a_full_log_says_that_it_was_cut() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("service.log");
        let mut log = Log::create(&path).unwrap();
        log.left_bytes = 10;
        ["12345", "6789", "abcdef", "more"].iter().for_each(|text| log.push(text.as_bytes()));
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().next(), Some("123456789a"));
        assert!(text.lines().last().unwrap().contains("cut here"), "{text}");
        assert!(!text.contains("more"));
    }
}
