//! The reader of HTTP/1.1 answers, given anything: no bytes make it panic, and how they are cut into pieces changes
//! nothing that it reads.
//!
//! `cargo +nightly fuzz run answer` in the root of the repository. The reader is private to its crate, so its files are
//! compiled in from where they are.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the engine uses what is not used here")]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/drive/src/answer/mod.rs"]
mod answer;
#[path = "../../crates/drive/src/bounds.rs"]
mod bounds;

use answer::{Malformed, Progress, Reader};

/// What was made of an answer: its status, its body's length and its end, and whether its connection goes on.
type Made = Result<Option<(u16, u64, usize, bool)>, Malformed>;

fn read<'a>(to_head: bool, pieces: impl Iterator<Item = &'a [u8]>) -> Made {
    let mut reader = Reader::default();
    reader.begin(to_head);
    let mut end = 0;
    for piece in pieces {
        match reader.feed(piece)? {
            Progress::More => end += piece.len(),
            Progress::Whole(used) => {
                assert!(used <= piece.len());
                return Ok(made(&reader, end + used));
            }
        }
    }
    Ok(if reader.end()? { made(&reader, end) } else { None })
}

fn made(reader: &Reader, end: usize) -> Option<(u16, u64, usize, bool)> {
    // Where a body is cut at its bound depends on the pieces, and so does what was counted by then.
    let head = reader.head().filter(|_| !reader.is_cut())?;
    Some((head.status, reader.body_bytes(), end, reader.keeps()))
}

fuzz_target!(|data: &[u8]| {
    let [choice, answer @ ..] = data else { return };
    let (to_head, size) = (choice & 1 == 1, usize::from(choice >> 1).max(1));
    let whole = read(to_head, std::iter::once(answer));
    let in_pieces = read(to_head, answer.chunks(size));
    // Which of two errors comes first may depend on the pieces, but not whether there is one.
    assert_eq!(whole.as_ref().ok(), in_pieces.as_ref().ok(), "{whole:?} {in_pieces:?}");
});
