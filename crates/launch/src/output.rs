//! What the service prints: the last lines in memory, the rest in a bounded file.
//!
//! A service may print without end and without newlines. It must never wait for us, and we must never grow.
//!
//! Lines that Drip itself caused can be diverted: they reach neither the tail nor the file, and the last is
//! kept apart. To tell them, a line is held back until it ends, for a bounded length and time.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

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
/// How long a line that has not ended is held back, such as a prompt. A runtime that writes one line in
/// pieces needs microseconds, and milliseconds on a machine that is busy to the limit.
const HELD_TIME_MAX: Duration = Duration::from_secs(1);
/// How often the end of that time is looked for.
const HELD_POLL_MILLISECONDS: u16 = 200;

/// Whether a line was caused by Drip.
pub(crate) type IsDiverted = fn(&str) -> bool;

/// The service's standard output and standard error, in one pipe and so in the order in which they were
/// written.
pub(crate) struct Output(Mutex<Drain>);

impl Output {
    /// Reads in a thread of its own: files and a talkative service must not hold up the async runtime, which
    /// measures time meanwhile. The thread ends when no process holds the other end of the pipe.
    pub(crate) fn drain(pipe: PipeReader, log: &Path, divert: Vec<IsDiverted>) -> io::Result<Arc<Self>> {
        fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        let readable = pipe.as_fd().try_clone_to_owned()?;
        let log = Log::create(log)?;
        let drain = Drain {
            pipe,
            sieve: Sieve::new(divert),
            kept: Kept { tail: Tail::default(), log },
            buffer: vec![0; CHUNK_BYTES],
        };
        let output = Arc::new(Self(Mutex::new(drain)));
        let drained = Arc::clone(&output);
        thread::Builder::new().name("service-output".into()).spawn(move || drained.run(&readable))?;
        Ok(output)
    }

    /// The last lines, up to all that was printed before this call.
    pub(crate) fn last_lines(&self, count: usize) -> Vec<String> {
        self.with(|drain| {
            drain.catch_up();
            drain.kept.tail.last(count, &drain.sieve.held)
        })
    }

    /// How many lines were diverted until now, and the last of them.
    pub(crate) fn last_diverted(&self) -> Option<(u64, String)> {
        self.with(|drain| {
            drain.catch_up();
            drain.sieve.last.clone()
        })
    }

    /// Takes what is still in the pipe, and waits for the end of no line any more.
    pub(crate) fn finish(&self) {
        self.with(|drain| {
            drain.catch_up();
            drain.release();
        });
    }

    fn run(&self, readable: &OwnedFd) {
        loop {
            let mut wanted = [PollFd::new(readable.as_fd(), PollFlags::POLLIN)];
            // Others read the pipe too, so a line may come to be held while this waits.
            let holds = self.with(|drain| !drain.sieve.divert.is_empty());
            let patience = if holds { PollTimeout::from(HELD_POLL_MILLISECONDS) } else { PollTimeout::NONE };
            // An interrupted wait only means a read that finds nothing.
            let _ = poll(&mut wanted, patience);
            if self.with(Drain::step) == Taken::End {
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
    sieve: Sieve,
    kept: Kept,
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

    fn step(&mut self) -> Taken {
        let taken = self.read_once();
        if taken == Taken::End || self.sieve.is_overdue() {
            self.release();
        }
        taken
    }

    fn release(&mut self) {
        self.sieve.release(&mut |bytes| self.kept.push(bytes));
    }

    fn read_once(&mut self) -> Taken {
        match self.pipe.read(&mut self.buffer) {
            Ok(0) => Taken::End,
            Ok(count) => {
                self.sieve.push(&self.buffer[..count], &mut |bytes| self.kept.push(bytes));
                Taken::Bytes
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Taken::Nothing
            }
            Err(_) => Taken::End,
        }
    }
}

/// Takes out the lines that are diverted. Without any to divert it passes on everything as it comes.
struct Sieve {
    divert: Vec<IsDiverted>,
    /// The line that has not ended yet, and of which nothing was passed on.
    held: Vec<u8>,
    held_since: Option<Instant>,
    /// The beginning of this line was passed on, and so is its rest.
    is_passing: bool,
    /// How many were diverted, and the last of them.
    last: Option<(u64, String)>,
}

impl Sieve {
    fn new(divert: Vec<IsDiverted>) -> Self {
        Self { divert, held: Vec::new(), held_since: None, is_passing: false, last: None }
    }

    fn push(&mut self, bytes: &[u8], pass: &mut impl FnMut(&[u8])) {
        if self.divert.is_empty() {
            return pass(bytes);
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let is_end = piece.ends_with(b"\n");
            if self.is_passing {
                pass(piece);
            } else {
                self.hold(piece);
                self.decide(is_end, pass);
            }
            self.is_passing &= !is_end;
        }
    }

    fn hold(&mut self, piece: &[u8]) {
        self.held_since.get_or_insert_with(Instant::now);
        self.held.extend_from_slice(piece);
    }

    fn decide(&mut self, is_end: bool, pass: &mut impl FnMut(&[u8])) {
        let is_long = self.held.len() > LINE_BYTES_MAX;
        let line = std::str::from_utf8(&self.held).ok().map(|line| line.trim_end_matches(['\r', '\n']));
        match line.filter(|line| is_end && !is_long && self.is_diverted(line)).map(str::to_owned) {
            Some(line) => self.take_out(line),
            None if is_end || is_long => self.release(pass),
            None => {}
        }
    }

    fn is_diverted(&self, line: &str) -> bool {
        self.divert.iter().any(|is_diverted| is_diverted(line))
    }

    fn take_out(&mut self, line: String) {
        let number = self.last.as_ref().map_or(0, |(number, _)| *number) + 1;
        self.last = Some((number, line));
        self.held.clear();
        self.held_since = None;
    }

    fn is_overdue(&self) -> bool {
        self.held_since.is_some_and(|since| since.elapsed() > HELD_TIME_MAX)
    }

    /// Passes on what is held; the rest of that line follows it.
    fn release(&mut self, pass: &mut impl FnMut(&[u8])) {
        if !self.held.is_empty() {
            pass(&self.held);
            self.is_passing = true;
        }
        // A line may have come with a whole chunk, which is not needed again.
        self.held = Vec::new();
        self.held_since = None;
    }
}

/// Where the user's lines go.
struct Kept {
    tail: Tail,
    log: Log,
}

impl Kept {
    fn push(&mut self, bytes: &[u8]) {
        self.tail.push(bytes);
        self.log.push(bytes);
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

    /// With what is held back of a line that has not ended; nothing of that line is here then.
    fn last(&self, count: usize, held: &Vec<u8>) -> Vec<String> {
        let current = if self.current.is_empty() { held } else { &self.current };
        let unfinished = (!current.is_empty()).then_some(current);
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
        assert_eq!(tail.last(count, &Vec::new()), expected, "{chunks:?}");
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
        let lines = tail.last(usize::MAX, &Vec::new());
        assert_eq!((lines.len(), lines[0].as_str()), (OUTPUT_LINES_MAX, "7"));
        (0..3).for_each(|_| tail.push(&[b'x'; 3000]));
        tail.push(b"y\nnext");
        assert_eq!(tail.last(2, &Vec::new()), ["x".repeat(LINE_BYTES_MAX), "next".to_owned()]);
    }

    #[test]
    fn a_hundred_megabytes_without_newline_neither_block_nor_grow() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("service.log");
        let (reader, writer) = io::pipe().unwrap();
        let before = drip_proc::memory(std::process::id()).unwrap().anon;
        let output = Output::drain(reader, &path, Vec::new()).unwrap();
        let script = "head -c 100000000 /dev/zero | tr '\\0' x; echo; echo done";
        let mut shell = std::process::Command::new("sh");
        assert!(shell.args(["-c", script]).stdout(writer).status().unwrap().success());
        assert_eq!(output.last_lines(5), ["x".repeat(LINE_BYTES_MAX), "done".into()]);
        let grown = drip_proc::memory(std::process::id()).unwrap().anon.saturating_sub(before);
        assert!(grown < 8 * 1024 * 1024, "grew by {grown} bytes");
        let logged = std::fs::metadata(&path).unwrap().len();
        assert!((LOG_BYTES_MAX..LOG_BYTES_MAX + 200).contains(&logged), "{logged}");
    }

    fn is_trace(line: &str) -> bool {
        line.starts_with("trace ")
    }

    /// What is passed on of some chunks, and what was diverted last.
    fn sieved(chunks: &[&[u8]]) -> (String, Option<(u64, String)>) {
        let (mut sieve, mut passed) = (Sieve::new(vec![is_trace]), Vec::new());
        chunks.iter().for_each(|chunk| sieve.push(chunk, &mut |bytes| passed.extend_from_slice(bytes)));
        sieve.release(&mut |bytes| passed.extend_from_slice(bytes));
        (String::from_utf8_lossy(&passed).into_owned(), sieve.last)
    }

    fn check_sieve(chunks: &[&str], passed: &str, last: Option<(u64, &str)>) {
        let chunks: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.as_bytes()).collect();
        let last = last.map(|(number, line)| (number, line.to_owned()));
        assert_eq!(sieved(&chunks), (passed.to_owned(), last), "{chunks:?}");
    }

    #[test]
    fn diverted_lines_are_taken_out_whatever_the_chunks() {
        check_sieve(&["one\ntrace 1\ntwo\ntrace 2\r\nend"], "one\ntwo\nend", Some((2, "trace 2")));
        check_sieve(&["one\ntr", "ac", "e 1\n", "two\n"], "one\ntwo\n", Some((1, "trace 1")));
        check_sieve(&["a trace \n\n", "trac\n", "trace 1"], "a trace \n\ntrac\ntrace 1", None);
        check_sieve(&["trace 1\n", "trace 2\n", "trace 3\n"], "", Some((3, "trace 3")));
    }

    #[test]
    fn a_line_that_is_too_long_to_wait_for_is_passed_on_whole() {
        let long = format!("trace {}", "x".repeat(LINE_BYTES_MAX));
        check_sieve(&[&long, "more\n", "trace 1\n"], &format!("{long}more\n"), Some((1, "trace 1")));
        let (passed, last) = sieved(&[b"trace \xff\n", b"next\n"]);
        assert_eq!((passed.lines().count(), last), (2, None), "{passed}");
    }

    #[test]
    fn a_line_that_does_not_end_still_reaches_the_log_and_its_rest_too() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("service.log");
        let (reader, mut writer) = io::pipe().unwrap();
        let output = Output::drain(reader, &path, vec![is_trace]).unwrap();
        let logged = |expected: &str| {
            let start = Instant::now();
            while std::fs::read_to_string(&path).unwrap() != expected {
                assert!(start.elapsed() < Duration::from_secs(30), "never in the log: {expected:?}");
                thread::sleep(Duration::from_millis(10));
            }
        };
        writer.write_all(b"trace 7\npassword: ").unwrap();
        assert_eq!(output.last_lines(5), ["password: "]);
        logged("password: ");
        writer.write_all(b"thanks\ntrace 8\n").unwrap();
        logged("password: thanks\n");
        assert_eq!(output.last_diverted(), Some((2, "trace 8".to_owned())));
        assert_eq!(output.last_lines(5), ["password: thanks"]);
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
