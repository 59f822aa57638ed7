//! Bodies that a service with limits refuses: a large one, one that is nested deeply, one that unpacks to much more.
//!
//! Each is the usual body of an endpoint, made so that it still means the same; and it counts only where the endpoint
//! refuses a body that is broken, since otherwise it does not read what it is sent.

use std::io::Write as _;

use drip_model::{Body, BodyTrick, Template, Text, Vector, Weakness};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::Prober;

/// Endpoints that are tried.
const ENDPOINTS_MAX: usize = 3;
/// Frameworks that bound the body by themselves allow 100 KB to 1 MiB.
const LARGE_BYTES: usize = 1 << 20;
const UNPACKED_BYTES: usize = 16 << 20;
const LEVELS: usize = 10_000;

/// A request whose body is an object of JSON.
struct Usual<'a> {
    vector: &'a Vector,
    object: Vec<u8>,
}

impl Prober<'_> {
    pub(super) async fn bodies(&mut self) -> Vec<Weakness> {
        let mut found = Vec::new();
        for usual in self.usual() {
            if !self.is_over() && self.is_read(&usual).await {
                found.extend(self.tricks(&usual).await);
            }
        }
        found
    }

    /// One for each endpoint that has such a body.
    fn usual(&self) -> Vec<Usual<'_>> {
        let mut all: Vec<Usual<'_>> = Vec::new();
        for vector in self.vectors {
            let object = vector.template.render(self.seed, 0).body.and_then(object);
            let is_new = all.iter().all(|usual| usual.vector.endpoint != vector.endpoint);
            if let Some(object) = object.filter(|_| is_new && all.len() < ENDPOINTS_MAX) {
                all.push(Usual { vector, object });
            }
        }
        all
    }

    /// Whether the endpoint takes its usual body and refuses a broken one.
    async fn is_read(&self, usual: &Usual<'_>) -> bool {
        let broken = &usual.object[..usual.object.len() - 1];
        self.takes(usual, usual.object.clone(), false).await
            && !self.takes(usual, broken.to_vec(), false).await
    }

    async fn tricks(&self, usual: &Usual<'_>) -> Vec<Weakness> {
        let mut found = Vec::new();
        if self.unpacks(usual).await {
            let packed = packed(&padded(&usual.object, UNPACKED_BYTES));
            let trick = BodyTrick::Packed { sent: packed.len(), unpacked: UNPACKED_BYTES };
            found.extend(self.tried(usual, trick, packed).await);
        }
        let large = padded(&usual.object, LARGE_BYTES);
        found.extend(self.tried(usual, BodyTrick::Large { bytes: LARGE_BYTES }, large).await);
        let deep = nested(&usual.object, LEVELS);
        found.extend(self.tried(usual, BodyTrick::Deep { levels: LEVELS }, deep).await);
        found
    }

    /// Whether it takes what is packed, and does not take what only says that it is.
    async fn unpacks(&self, usual: &Usual<'_>) -> bool {
        self.takes(usual, packed(&usual.object), true).await
            && !self.takes(usual, usual.object.clone(), true).await
    }

    async fn tried(&self, usual: &Usual<'_>, trick: BodyTrick, body: Vec<u8>) -> Option<Weakness> {
        if self.is_over() {
            return None;
        }
        let is_packed = matches!(trick, BodyTrick::Packed { .. });
        let taken = self.takes(usual, body, is_packed).await;
        let ended = self.subject.is_dead();
        let endpoint = usual.vector.endpoint.clone();
        (taken || ended).then_some(Weakness::TakesBody { endpoint, trick, ended })
    }

    /// Whether it is answered as the usual one should be.
    async fn takes(&self, usual: &Usual<'_>, body: Vec<u8>, is_packed: bool) -> bool {
        self.success(&with_body(&usual.vector.template, body, is_packed)).await.is_some()
    }
}

fn with_body(usual: &Template, body: Vec<u8>, is_packed: bool) -> Template {
    let mut template = Template { body: Body::Bytes(body), ..usual.clone() };
    if is_packed {
        template.headers.push(("Content-Encoding".to_owned(), Text::literal("gzip")));
    }
    template
}

/// An object of JSON, without what stands around it.
fn object(body: Vec<u8>) -> Option<Vec<u8>> {
    let body = body.trim_ascii();
    let is_object = body.starts_with(b"{") && serde_json::from_slice::<serde_json::Value>(body).is_ok();
    is_object.then(|| body.to_vec())
}

/// The same object with so many bytes: spaces before its end mean nothing.
fn padded(object: &[u8], bytes: usize) -> Vec<u8> {
    let mut padded = object[..object.len() - 1].to_vec();
    padded.resize(bytes.saturating_sub(1).max(padded.len()), b' ');
    padded.push(b'}');
    padded
}

/// The same object with one more member, a list in a list in a list.
fn nested(object: &[u8], levels: usize) -> Vec<u8> {
    let before = object[..object.len() - 1].trim_ascii_end();
    let comma: &[u8] = if before == b"{" { b"" } else { b"," };
    [before, comma, b"\"drip\":", &b"[".repeat(levels), &b"]".repeat(levels), b"}"].concat()
}

fn packed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(body);
    debug_assert!(written.is_ok(), "memory takes all that it is given");
    encoder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trick_means_what_the_usual_body_means() {
        let usual = object(b" {\"name\": \"a\"} ".to_vec()).unwrap();
        let parsed = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
        assert_eq!(padded(&usual, 1000).len(), 1000);
        assert_eq!(parsed(&padded(&usual, 1000)), parsed(&usual));
        assert_eq!(parsed(&nested(&usual, 100))["name"], "a");
        assert_eq!(parsed(&nested(b"{ }", 1))["drip"], serde_json::json!([]));
        let small = packed(&padded(&usual, UNPACKED_BYTES));
        assert!(small.len() < 20_000, "{}", small.len());
    }

    #[test]
    fn what_is_no_object_is_left_alone() {
        for body in [&b"[1]"[..], b"name=a", b"{", b""] {
            assert_eq!(object(body.to_vec()), None);
        }
    }
}
