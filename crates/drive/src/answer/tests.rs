//! Framing: odd but legal answers, broken ones, and any answer in any pieces.

use std::time::Duration;

use proptest::prelude::*;

use super::{Malformed, Progress, Reader};
use crate::bounds::{BODY_BYTES_MAX, CHUNK_LINE_BYTES_MAX, HEAD_BYTES_MAX};

/// What a reader made of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Read {
    status: u16,
    body_bytes: u64,
    keeps: bool,
    /// Bytes after its end.
    surplus: usize,
    ended_by_close: bool,
}

/// Reads an answer that comes in these pieces, and then the connection ends. `None` if it ended too early.
fn read<'a>(to_head: bool, pieces: impl Iterator<Item = &'a [u8]>) -> Result<Option<Read>, Malformed> {
    let mut reader = Reader::default();
    reader.begin(to_head);
    let (mut surplus, mut whole) = (0, false);
    for piece in pieces {
        match reader.feed(piece)? {
            _ if whole => surplus += piece.len(),
            Progress::More => {}
            Progress::Whole(used) => (surplus, whole) = (piece.len() - used, true),
        }
    }
    let ended_by_close = !whole && reader.end()?;
    let head = reader.head().filter(|_| whole || ended_by_close);
    Ok(head.map(|head| Read {
        status: head.status,
        body_bytes: reader.body_bytes(),
        keeps: reader.keeps(),
        surplus,
        ended_by_close,
    }))
}

/// However it is cut in two, and byte by byte, it is read as the same.
fn read_in_any_pieces(to_head: bool, answer: &[u8]) -> Result<Option<Read>, Malformed> {
    let whole = read(to_head, std::iter::once(answer));
    for cut in 0..=answer.len() {
        let (first, second) = answer.split_at(cut);
        let pieces = [first, second].into_iter().filter(|piece| !piece.is_empty());
        assert_eq!(read(to_head, pieces), whole, "cut after {cut} of {:?}", String::from_utf8_lossy(answer));
    }
    assert_eq!(read(to_head, answer.chunks(1)), whole, "{:?}", String::from_utf8_lossy(answer));
    whole
}

fn kept(status: u16, body_bytes: u64) -> Read {
    Read { status, body_bytes, keeps: true, surplus: 0, ended_by_close: false }
}

fn closed(status: u16, body_bytes: u64) -> Read {
    Read { keeps: false, ..kept(status, body_bytes) }
}

fn until_close(status: u16, body_bytes: u64) -> Read {
    Read { ended_by_close: true, ..closed(status, body_bytes) }
}

fn check(answer: &str, expected: Read) {
    assert_eq!(read_in_any_pieces(false, answer.as_bytes()), Ok(Some(expected)), "{answer:?}");
}

fn check_broken(answer: &str, expected: &str) {
    let error = read_in_any_pieces(false, answer.as_bytes()).expect_err(answer);
    assert!(error.to_string().starts_with(expected), "{answer:?}: {error}, expected {expected}");
}

fn check_early_end(answer: &str) {
    assert_eq!(read_in_any_pieces(false, answer.as_bytes()), Ok(None), "{answer:?}");
}

#[test]
fn odd_but_legal_heads() {
    check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", kept(200, 2));
    check("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", kept(200, 2));
    check("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", kept(200, 0));
    check("HTTP/1.1 200 Not \u{e9}ASCII\r\ncontent-LENGTH:\t 2 \t\r\n\r\nok", kept(200, 2));
    check("\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", kept(200, 0));
    check("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", kept(200, 2));
    check("HTTP/1.1 200 OK\r\nX-Empty:\r\nContent-Length: 1\r\n\r\nx", kept(200, 1));
    check("HTTP/1.1 200 OK\r\nX-Folded: a\r\n  b\r\nContent-Length: 1\r\n\r\nx", kept(200, 1));
    check("HTTP/1.1 999 Own\r\nContent-Length: 1\r\n\r\nx", kept(999, 1));
    check("HTTP/1.1 200 OK\r\nContent-Length: 007\r\n\r\n1234567", kept(200, 7));
}

#[test]
fn lengths_that_are_said_twice_are_one_length() {
    check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", kept(200, 2));
    check("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", kept(200, 2));
}

#[test]
fn a_connection_goes_on_only_if_both_versions_and_words_allow_it() {
    let with = |version: &str, connection: &str| {
        format!("HTTP/{version} 200 OK\r\nContent-Length: 1\r\n{connection}\r\nx")
    };
    check(&with("1.1", "Connection: close\r\n"), closed(200, 1));
    check(&with("1.1", "Connection: foo, CLOSE\r\n"), closed(200, 1));
    check(&with("1.1", "Connection: keep-alive\r\n"), kept(200, 1));
    check(&with("1.1", "Connection: keep-alive\r\nConnection: close\r\n"), closed(200, 1));
    check(&with("1.0", ""), closed(200, 1));
    check(&with("1.0", "Connection: Keep-Alive\r\n"), kept(200, 1));
}

#[test]
fn answers_without_a_body_whatever_their_heads_say() {
    for status in [204, 304] {
        let answer = |header: &str| format!("HTTP/1.1 {status} X\r\n{header}\r\n");
        check(&answer(""), kept(status, 0));
        check(&answer("Content-Length: 100\r\n"), kept(status, 0));
        check(&answer("Transfer-Encoding: chunked\r\n"), kept(status, 0));
    }
    let to_head = |answer: &str| read_in_any_pieces(true, answer.as_bytes());
    assert_eq!(to_head("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"), Ok(Some(kept(200, 0))));
    assert_eq!(to_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Ok(Some(kept(200, 0))));
    assert_eq!(to_head("HTTP/1.1 200 OK\r\n\r\n"), Ok(Some(kept(200, 0))));
}

#[test]
fn interim_answers_are_passed_over() {
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    check(&format!("HTTP/1.1 100 Continue\r\n\r\n{last}"), kept(200, 2));
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nContent-Length: 9\r\n\r\n";
    check(&format!("HTTP/1.1 102 Processing\r\n\r\n{hints}{hints}{last}"), kept(200, 2));
    check("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", closed(101, 0));
}

#[test]
fn bodies_that_end_with_their_connection() {
    check("HTTP/1.1 200 OK\r\n\r\nhello", until_close(200, 5));
    check("HTTP/1.1 200 OK\r\n\r\n", until_close(200, 0));
    check("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nhello", until_close(200, 5));
    check(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nhello",
        until_close(200, 5),
    );
    check("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok", kept(200, 2));
}

/// An answer with this body in chunks.
fn chunked(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
}

#[test]
fn odd_but_legal_chunks() {
    check(&chunked("0\r\n\r\n"), kept(200, 0));
    check(&chunked("5\r\nhello\r\n0\r\n\r\n"), kept(200, 5));
    check(&chunked("00005\r\nhello\r\nA\r\n0123456789\r\n000\r\n\r\n"), kept(200, 15));
    check(&chunked("5;name=value\r\nhello\r\n1 ; a=\"b\"\r\n!\r\n0;last\r\n\r\n"), kept(200, 6));
    check(&chunked("1\r\nx\r\n0\r\nChecksum: 1\r\nExpires:\r\n\r\n"), kept(200, 1));
    check(&chunked("2\r\n\r\n\r\n0\r\n\r\n"), kept(200, 2));
    let twice = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    check(twice, kept(200, 1));
}

#[test]
fn a_coding_beside_a_length_wins_and_ends_the_connection() {
    let both = "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    check(&format!("HTTP/1.1 200 OK\r\n{both}"), closed(200, 5));
    let old =
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    check(old, closed(200, 1));
}

#[test]
fn what_follows_an_answer_is_no_part_of_it() {
    let one = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    check(&format!("{one}{one}"), Read { surplus: one.len(), ..kept(200, 2) });
    check(&format!("{one}too long"), Read { surplus: 8, ..kept(200, 2) });
    check(&(chunked("0\r\n\r\n") + "x"), Read { surplus: 1, ..kept(200, 0) });
    check("HTTP/1.1 304 Not Modified\r\n\r\nbody", Read { surplus: 4, ..kept(304, 0) });
}

#[test]
fn broken_heads() {
    for answer in [
        "SSH-2.0-OpenSSH_9.7\r\n",
        "-ERR unknown command\r\n",
        "<html>\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/0.9 200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 -20 OK\r\n\r\n",
        "HTTP/1.1 000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
        "HTTP/1.1 200 OK\r\nspace : x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0",
    ] {
        check_broken(answer, "the answer is not HTTP: ");
    }
}

#[test]
fn broken_lengths() {
    for length in ["", "x", "-1", "+1", "1.5", "0x10", "1 2", "1;2", "1,", ",", "18446744073709551616"] {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nok");
        check_broken(&answer, "the answer has a Content-Length that is no length");
    }
    for lengths in ["2, 3", "2\r\nContent-Length: 3"] {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {lengths}\r\n\r\nok!");
        check_broken(&answer, "the answer has more than one Content-Length");
    }
}

#[test]
fn broken_chunks() {
    for body in [
        "\r\n",
        "zz\r\n",
        "-1\r\n",
        "0x5\r\nhello\r\n",
        ";x\r\n",
        " 5\r\nhello\r\n",
        "5\nhello\n",
        "5;a\nhello\r\n",
        "5\rhello\r\n",
        "5\r\nhelloX\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\rX",
        "11111111111111111\r\n",
        "0\r\nno colon\r\n\r\n",
        "0\r\n: no name\r\n\r\n",
        "0\r\nA: b\n\r\n",
        "0\r\n\rX",
    ] {
        check_broken(&chunked(body), "the answer has a malformed chunk");
    }
}

#[test]
fn everything_in_a_head_and_around_chunks_has_a_bound() {
    let check = |answer: String, expected: &str| {
        let error = read(false, answer.as_bytes().chunks(1000)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let line = "HTTP/1.1 200 OK\r\nX: ";
    check(format!("{line}{}", "x".repeat(HEAD_BYTES_MAX)), "answer head over 64 KiB");
    check(format!("{line}{}\r\n\r\n", "x".repeat(HEAD_BYTES_MAX)), "answer head over 64 KiB");
    check("HTTP/1.1 100 Continue\r\n\r\n".repeat(HEAD_BYTES_MAX / 25 + 1), "answer head over 64 KiB");
    let headers = |count| format!("HTTP/1.1 204 X\r\n{}\r\n", "a: b\r\n".repeat(count));
    check(headers(257), "answer head with more than 256 headers");
    assert!(read(false, std::iter::once(headers(256).as_bytes())).is_ok());
    let endless = "the answer has a chunk extension or trailers without end";
    check(chunked(&format!("1;{}", "x".repeat(CHUNK_LINE_BYTES_MAX))), endless);
    check(chunked(&"0".repeat(CHUNK_LINE_BYTES_MAX + 1)), endless);
    check(chunked(&format!("0\r\n{}", "A: b\r\n".repeat(HEAD_BYTES_MAX / 3))), endless);
}

#[test]
fn an_answer_that_ends_too_early_is_none() {
    for answer in [
        "",
        "\r\n",
        "H",
        "HTTP/1.1 200 O",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        check_early_end(answer);
    }
    for body in [
        "",
        "5",
        "5\r",
        "5\r\n",
        "5\r\nhell",
        "5\r\nhello",
        "5\r\nhello\r\n",
        "0\r\n",
        "0\r\nA: b\r\n",
        "0\r\n\r",
    ] {
        check_early_end(&chunked(body));
    }
}

#[test]
fn a_body_is_cut_at_the_bound_and_its_connection_with_it() {
    let bound = usize::try_from(BODY_BYTES_MAX).unwrap();
    for head in [
        "Content-Length: 18446744073709551615\r\n\r\n",
        "\r\n",
        "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n",
    ] {
        let mut reader = Reader::default();
        assert_eq!(reader.feed(format!("HTTP/1.1 200 OK\r\n{head}").as_bytes()), Ok(Progress::More));
        assert_eq!(reader.feed(&vec![0; bound]), Ok(Progress::More));
        assert_eq!(reader.feed(&[0]), Ok(Progress::Whole(1)));
        assert!(reader.is_cut() && !reader.keeps());
    }
}

#[test]
fn a_wait_is_asked_for_in_seconds_by_those_who_may() {
    let asked = |status: u16, value: &str| {
        let mut reader = Reader::default();
        let answer = format!("HTTP/1.1 {status} X\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n");
        reader.feed(answer.as_bytes()).unwrap();
        reader.head().unwrap().retry_after
    };
    assert_eq!(asked(429, " 7 "), Some(Duration::from_secs(7)));
    assert_eq!(asked(503, "0"), Some(Duration::ZERO));
    assert_eq!(asked(200, "7"), None);
    for value in ["", "-5", "1.5", "Fri, 31 Dec 1999 23:59:59 GMT", "18446744073709551616"] {
        assert_eq!(asked(429, value), None, "{value:?}");
    }
}

/// A legal answer and how it is to be read.
fn legal() -> impl Strategy<Value = (Vec<u8>, u64)> {
    let body = proptest::collection::vec(any::<u8>(), 0..300);
    let head = "(HTTP/1\\.1 10[02] Wait\r\n\r\n)?HTTP/1\\.1 2(00|01|99)( [a-zA-Z ]{0,9})?\r\n(X-[a-z]{1,9}:[ -~]{0,20}\r\n){0,4}";
    (head, body, proptest::option::of(1_usize..100)).prop_map(|(mut head, body, chunk)| {
        let length = body.len() as u64;
        let Some(size) = chunk else {
            head.push_str(&format!("Content-Length: {length}\r\n\r\n"));
            return ([head.into_bytes(), body].concat(), length);
        };
        let mut answer = (head + "transfer-encoding: chunked\r\n\r\n").into_bytes();
        for data in body.chunks(size) {
            answer.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
            answer.extend_from_slice(data);
            answer.extend_from_slice(b"\r\n");
        }
        answer.extend_from_slice(b"0\r\n\r\n");
        (answer, length)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_legal_answer_is_whole_at_its_last_byte_however_it_comes((answer, length) in legal()) {
        let read = read_in_any_pieces(false, &answer).unwrap().expect("it is whole");
        prop_assert_eq!((read.body_bytes, read.keeps, read.surplus), (length, true, 0));
        prop_assert_eq!(read_in_any_pieces(false, &answer[..answer.len() - 1]), Ok(None));
    }

    /// What stands in for the fuzzer (`fuzz/`) in every run of the tests: no bytes make the reader panic, and pieces
    /// never change what is read.
    #[test]
    fn any_change_of_a_legal_answer_is_read_the_same_in_any_pieces(
        (answer, _) in legal(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        to_head: bool,
    ) {
        let mut changed = answer;
        for (place, byte) in changes {
            let place = place.index(changed.len());
            changed[place] = byte;
        }
        let _ = read_in_any_pieces(to_head, &changed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn no_bytes_make_the_reader_panic_or_take_more_than_there_are(
        start in "(HTTP/1\\.1 [0-9]{3}( OK)?\r\n)?((Content-Length: [0-9]{1,3}|Transfer-Encoding: chunked)\r\n)?(\r\n)?",
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        size in 1_usize..50,
    ) {
        let bytes = [start.into_bytes(), bytes].concat();
        let mut reader = Reader::default();
        for piece in bytes.chunks(size) {
            match reader.feed(piece) {
                Ok(Progress::Whole(used)) => {
                    prop_assert!(used <= piece.len());
                    break;
                }
                Ok(Progress::More) => {}
                Err(_) => break,
            }
        }
        prop_assert!(reader.body_bytes() <= bytes.len() as u64);
    }
}
