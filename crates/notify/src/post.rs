//! One message, one answer: HTTP with the TLS of the rest of Drip, a bound on everything, and no redirect followed.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::http::{Response, header};
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use crate::{Address, Message};

/// Longest time for one attempt.
pub(crate) const ATTEMPT_TIME_MAX: Duration = Duration::from_secs(10);
/// No answer of a channel says more that we need.
const BODY_BYTES_MAX: u64 = 64 << 10;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// What stood in `Retry-After`.
    pub retry_after: Option<String>,
    /// The begin of the body.
    pub body: String,
}

/// Posts a message, in no more than `time_max`.
///
/// # Errors
/// Why there was no answer, in words that tell no address.
pub(crate) fn post(address: &Address, message: &Message, time_max: Duration) -> Result<Answer, String> {
    let mut request =
        agent(address, time_max).post(address.url()).header(header::CONTENT_TYPE, "application/json");
    for (name, value) in &message.headers {
        request = request.header(*name, value);
    }
    request.send(&message.body).map_err(|error| in_words(&error)).and_then(read)
}

fn read(mut response: Response<ureq::Body>) -> Result<Answer, String> {
    let retry_after = response.headers().get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    let whole = response.body_mut().as_reader().take(BODY_BYTES_MAX).read_to_end(&mut body);
    whole.map_err(|error| format!("the answer broke off: {}", error.kind()))?;
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Answer { status: response.status().as_u16(), retry_after, body })
}

fn agent(address: &Address, time_max: Duration) -> Agent {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(time_max.min(ATTEMPT_TIME_MAX)))
        .user_agent(format!("drip/{}", env!("CARGO_PKG_VERSION")));
    // Elsewhere as HTTPS_PROXY and NO_PROXY say.
    let config = if address.is_loopback() { config.proxy(None) } else { config };
    config.build().new_agent()
}

/// The errors' own words may repeat the address.
fn in_words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => "its host is not known".to_owned(),
        ureq::Error::Io(error) => format!("no connection: {}", error.kind()),
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => {
            "TLS failed: its certificate is not trusted, or it speaks none".to_owned()
        }
        ureq::Error::Protocol(_) => "what answers does not speak HTTP".to_owned(),
        ureq::Error::InvalidProxyUrl | ureq::Error::ConnectProxyFailed(_) => {
            "the proxy of the environment cannot be used".to_owned()
        }
        _ => "it could not be sent".to_owned(),
    }
}
