//! Servers of HTTP/2 that mean harm, or know no better: each dose ends on time, in bounded memory, and its counts say
//! what happened.

use std::time::{Duration, Instant};

use drip_drive::HEAD_BYTES_MAX;
use drip_model::{Body, ErrorKind, Tally, Text};

use crate::http2::scenario;
use crate::http2_server::{Raw, frame, raw, settings};

const TIME_MAX: Duration = Duration::from_millis(300);

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// `:status: 200`, from HPACK's static table.
const OK: &[u8] = &[0x88];
/// `:status: 100`, as a literal.
const CONTINUE: &[u8] = &[0x08, 0x03, b'1', b'0', b'0'];

/// Plays 6 requests of 2 users within the time that they may take.
async fn play(script: Raw) -> Tally {
    play_with(script, Body::None).await
}

async fn play_with(script: Raw, body: Body) -> Tally {
    let (address, _serving) = raw(script).await;
    let mut asked = scenario(address, 2, 6);
    asked.request_time_max = TIME_MAX;
    if !matches!(body, Body::None) {
        asked.template.method = "POST".into();
    }
    asked.template.body = body;
    let start = Instant::now();
    let tally = asked.play().await;
    // Three requests of a user take at most their time each, and a pause after each error.
    assert!(start.elapsed() < 3 * TIME_MAX + Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(tally.sent(), 6, "{tally:?}");
    tally
}

async fn check(script: Raw, kind: ErrorKind, words: &str) {
    let name = format!("{script:.60?}");
    let tally = play(script).await;
    assert_eq!(tally.errors, [(kind, 6)].into(), "{name}: {tally:?}");
    assert!(tally.first_error.as_ref().unwrap().contains(words), "{name}: {tally:?}");
}

fn headers(flags: u8, block: &[u8]) -> Vec<u8> {
    frame(HEADERS, flags, 1, block)
}

fn goaway(last: u32, reason: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), reason.to_be_bytes()].concat())
}

#[tokio::test]
async fn one_that_says_nothing_or_only_how_it_likes_it() {
    check(Raw::Say(Vec::new()), ErrorKind::Timeout, "no answer within 0.3 s").await;
    check(Raw::Say(settings(&[])), ErrorKind::Timeout, "no answer within 0.3 s").await;
}

#[tokio::test]
async fn one_that_closes_at_once() {
    check(Raw::SayAndClose(Vec::new()), ErrorKind::Reset, "connection closed").await;
    check(Raw::SayAndClose(settings(&[])), ErrorKind::Reset, "connection closed").await;
    check(Raw::WhenAskedAndClose(settings(&[]), Vec::new()), ErrorKind::Reset, "connection closed").await;
}

#[tokio::test]
async fn garbage_instead_of_a_preface() {
    for garbage in
        [&b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"[..], &[0xFF; 1000], b"220 mail\r\n"]
    {
        check(Raw::SayAndClose(garbage.to_vec()), ErrorKind::BadAnswer, "the answer is not HTTP/2").await;
    }
    // What is no SETTINGS cannot come first.
    let ping = frame(PING, 0, 0, &[0; 8]);
    check(Raw::Say([ping, settings(&[])].concat()), ErrorKind::Timeout, "no answer").await;
}

#[tokio::test]
async fn floods_of_settings_pings_and_windows() {
    let ping = frame(PING, 0, 0, &[7; 8]);
    check(Raw::ForEver(settings(&[]), ping), ErrorKind::Timeout, "no answer").await;
    check(Raw::ForEver(settings(&[]), settings(&[(4, 1000)])), ErrorKind::Timeout, "no answer").await;
    let window = frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes());
    let tally = play(Raw::ForEver(settings(&[]), window)).await;
    // It ends when the windows are full, or with the time.
    assert!(
        tally.errors.keys().all(|kind| [ErrorKind::Timeout, ErrorKind::BadAnswer].contains(kind)),
        "{tally:?}"
    );
}

#[tokio::test]
async fn resets_without_end() {
    let reset = frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes());
    let of_one = Raw::WhenAskedForEver(settings(&[]), reset);
    let tally = play(of_one).await;
    assert!(tally.failed() == 6 && tally.errors.contains_key(&ErrorKind::Reset), "{tally:?}");
    let of_nobody = frame(RST_STREAM, 0, 1_000_001, &8_u32.to_be_bytes());
    check(Raw::ForEver(settings(&[]), of_nobody), ErrorKind::BadAnswer, "PROTOCOL_ERROR").await;
}

#[tokio::test]
async fn a_window_that_never_opens() {
    let closed = settings(&[(4, 0)]);
    let tally = play_with(Raw::Say(closed), Body::Text(Text::literal("x".repeat(1000)))).await;
    assert_eq!(tally.errors, [(ErrorKind::Timeout, 6)].into(), "{tally:?}");
}

#[tokio::test]
async fn one_that_never_takes_a_request() {
    check(Raw::Say(settings(&[(3, 0)])), ErrorKind::Timeout, "no answer").await;
}

#[tokio::test]
async fn a_goodbye_before_and_after_the_request() {
    let before = [settings(&[]), goaway(0, 0)].concat();
    check(Raw::Say(before.clone()), ErrorKind::Reset, "").await;
    check(Raw::SayAndClose(before), ErrorKind::Reset, "").await;
    check(
        Raw::WhenAsked(settings(&[]), goaway(0, 0)),
        ErrorKind::Reset,
        "connection given up by the service (NO_ERROR)",
    )
    .await;
    check(Raw::WhenAsked(settings(&[]), goaway(0, 11)), ErrorKind::Reset, "(ENHANCE_YOUR_CALM)").await;
    // It promises an answer to what it has taken, and breaks its word.
    check(Raw::WhenAskedAndClose(settings(&[]), goaway(1, 0)), ErrorKind::Reset, "").await;
}

#[tokio::test]
async fn a_head_without_end() {
    let more = frame(CONTINUATION, 0, 1, &[b'x'; 1000]);
    let begun = headers(0, &[&[0x00, 0x7F, 0xFF, 0xFF, 0xFF, 0x07][..], &[b'x'; 100]].concat());
    let flood = [begun, more.repeat(2 * HEAD_BYTES_MAX / 1000)].concat();
    check(Raw::WhenAsked(settings(&[]), flood), ErrorKind::BadAnswer, "a bound on its head").await;
    let empty = [headers(0, OK), frame(CONTINUATION, 0, 1, &[]).repeat(10_000)].concat();
    check(Raw::WhenAsked(settings(&[]), empty), ErrorKind::BadAnswer, "a bound on its head").await;
}

#[tokio::test]
async fn a_head_that_is_too_long() {
    // One header of 100 bytes that enters the table, and then the same by its index, a byte for a hundred.
    let long = [&[0x88, 0x40, 0x01, b'x', 100][..], &[b'y'; 100], &vec![0xBE; HEAD_BYTES_MAX / 10]].concat();
    let pieces: Vec<_> = long.chunks(10_000).collect();
    let mut frames = headers(0, pieces[0]);
    for (index, piece) in pieces.iter().enumerate().skip(1) {
        let flags = if index + 1 == pieces.len() { END_HEADERS } else { 0 };
        frames.extend(frame(CONTINUATION, flags, 1, piece));
    }
    if pieces.len() == 1 {
        frames = headers(END_HEADERS, pieces[0]);
    }
    check(Raw::WhenAsked(settings(&[]), frames), ErrorKind::BadAnswer, "a bound on its head").await;
}

#[tokio::test]
async fn interim_answers_without_end() {
    let interim = headers(END_HEADERS, CONTINUE);
    check(Raw::WhenAskedForEver(settings(&[]), interim), ErrorKind::Timeout, "").await;
}

#[tokio::test]
async fn a_body_in_crumbs_without_end() {
    let begun = [settings(&[]), Vec::new()].concat();
    let head = headers(END_HEADERS, OK);
    let crumbs = [head, frame(DATA, 0, 1, b"x").repeat(50_000)].concat();
    let tally = play(Raw::WhenAsked(begun, crumbs)).await;
    assert!(tally.completed + tally.failed() == 6, "{tally:?}");
}
