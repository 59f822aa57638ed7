//! From what a service shows to those who look for weaknesses to findings.

use drip_model::{BodyTrick, Confidence, Exposure, Severity, Weakness};

use crate::seen::Seen;
use crate::words;

/// What a weakness amounts to.
pub(crate) fn seen_in(weakness: &Weakness) -> Seen {
    match weakness {
        Weakness::Exposed(exposure) => exposed(exposure),
        Weakness::TakesBody { endpoint, trick, ended } => takes_body(endpoint, *trick, *ended),
        Weakness::NoMaximumPage { endpoint, asked, large, small } => Seen {
            id: "DRIP022",
            severity: Severity::Medium,
            confidence: Confidence::Firm,
            endpoint: Some(endpoint.clone()),
            description: format!(
                "{endpoint} answered {asked} with at least {}, and the same for ten with {}: the client chooses the size \
                 of the answer.",
                words::bytes(*large as f64),
                words::bytes(*small as f64)
            ),
        },
        Weakness::HoldsSlowClients { clients, seconds } => Seen {
            id: "DRIP026",
            severity: Severity::Medium,
            confidence: Confidence::Firm,
            endpoint: None,
            description: format!(
                "{clients} clients that sent the head of a request line by line, and never its end, were held for \
                 {seconds} seconds, until they were ended from our side."
            ),
        },
    }
}

/// From the machine itself nobody knows who else reaches it.
fn exposed(exposure: &Exposure) -> Seen {
    let Exposure { path, what, severity, is_local } = exposure;
    let (confidence, from) = if *is_local {
        (
            Confidence::Tentative,
            " It was asked from the machine itself: whether strangers reach it was not seen.",
        )
    } else {
        (Confidence::Firm, "")
    };
    Seen {
        id: "DRIP030",
        severity: *severity,
        confidence,
        endpoint: Some(format!("GET {path}")),
        description: format!("GET {path} answers without credentials and shows {what}.{from}"),
    }
}

/// Of a body that was only taken nobody knows how much more would be; a service that ended by it proves it.
fn takes_body(endpoint: &str, trick: BodyTrick, ended: bool) -> Seen {
    let (id, severity, body) = told(trick);
    let (severity, confidence, what) = match ended {
        true => (Severity::High, Confidence::Certain, "ended by"),
        false => (severity, Confidence::Firm, "took"),
    };
    Seen {
        id,
        severity,
        confidence,
        endpoint: Some(endpoint.to_owned()),
        description: format!("{endpoint} {what} {body}, and refuses a body that is broken."),
    }
}

fn told(trick: BodyTrick) -> (&'static str, Severity, String) {
    match trick {
        BodyTrick::Large { bytes } => {
            ("DRIP024", Severity::Medium, format!("a body of {}", words::bytes(bytes as f64)))
        }
        BodyTrick::Deep { levels } => (
            "DRIP024",
            Severity::Medium,
            format!("a body with lists nested {} deep", words::count(levels as u64)),
        ),
        BodyTrick::Packed { sent, unpacked } => (
            "DRIP025",
            Severity::High,
            format!("{} that unpack to {}", words::bytes(sent as f64), words::bytes(unpacked as f64)),
        ),
    }
}
