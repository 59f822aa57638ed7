//! Waiting until a service answers, and finding where.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use drip_drive::{Endpoint, Question, Trust, Versions, probe};
use drip_launch::Service;
use drip_meter::Scope;
use drip_model::{Exit, Origin, Protocol, Scheme};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::halt::Halt;
use crate::job::{Job, Launch};
use crate::reach::Reach;
use crate::trouble::Trouble;

const POLL: Duration = Duration::from_millis(100);
/// One question while waiting; a service that is busy starting is asked again.
const PROBE_TIME_MAX: Duration = Duration::from_secs(5);
/// The first question to a service that runs already; a slow endpoint gets its time.
const FIRST_TIME_MAX: Duration = Duration::from_secs(30);
/// After the first port answered, others get this long to turn up: a service with two is asked to name one.
const OTHERS_TIME: Duration = Duration::from_millis(400);
/// Lines of the service's output that an error shows.
const OUTPUT_LINES: usize = 20;

/// Where a service answered, and in which HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answering {
    pub(crate) endpoint: Endpoint,
    pub(crate) protocol: Protocol,
}

/// Waits until the service answers HTTP.
pub(crate) async fn wait(
    launch: &Launch,
    reach: &Reach,
    service: &Service,
    scope: Scope,
    halt: &Halt,
) -> Result<Answering, Trouble> {
    let deadline = Instant::now() + launch.ready_time_max;
    let mut seen = "it opened no port".to_owned();
    loop {
        let (answering, silent) = ask_all(launch, reach, scope, deadline).await;
        if !answering.is_empty() {
            return only_one(launch, reach, scope, answering, deadline).await;
        }
        seen = silent.unwrap_or(seen);
        still_there(service, halt)?;
        if Instant::now() >= deadline {
            let seconds = launch.ready_time_max.as_secs();
            return Err(Trouble::NeverAnswered { seconds, seen, output: service.last_output(OUTPUT_LINES) });
        }
        tokio::select! { () = sleep(POLL) => (), () = halt.token().cancelled() => () }
    }
}

fn still_there(service: &Service, halt: &Halt) -> Result<(), Trouble> {
    if halt.reason().is_some() {
        return Err(Trouble::Interrupted);
    }
    match service.exited() {
        Some(end) if service.pids().is_empty() => {
            Err(Trouble::Ended { exit: exit_of(end), output: service.last_output(OUTPUT_LINES) })
        }
        _ => Ok(()),
    }
}

pub(crate) fn exit_of(end: drip_launch::End) -> Exit {
    match (end.code, end.signal) {
        (_, Some(signal)) => Exit::Signal(signal),
        (Some(code), None) => Exit::Code(code),
        (None, None) => Exit::Unseen,
    }
}

/// Addresses that answer, and what a silent one did. All are asked at once: a silent one keeps nobody waiting.
async fn ask_all(
    launch: &Launch,
    reach: &Reach,
    scope: Scope,
    deadline: Instant,
) -> (Vec<Answering>, Option<String>) {
    let mut asked = JoinSet::new();
    for endpoint in candidates(launch, reach, scope) {
        let (path, versions) = (launch.ready_path.clone(), reach.versions);
        let time_max = deadline.saturating_duration_since(Instant::now()).clamp(POLL, PROBE_TIME_MAX);
        asked.spawn(async move {
            let answer = ask(path, endpoint.clone(), versions, time_max).await;
            (endpoint, answer)
        });
    }
    let (mut answering, mut silent) = (Vec::new(), None);
    // A panic of a probe is an address that did not answer.
    while let Some(Ok((endpoint, answer))) = asked.join_next().await {
        match answer {
            Ok(protocol) => answering.push(Answering { endpoint, protocol }),
            Err(why) => silent = Some(format!("{}: {why}", place(&endpoint))),
        }
    }
    answering.sort_by_key(|answering| address_of(&answering.endpoint));
    (usual(answering), silent)
}

/// A port that speaks only HTTP/2 beside one that speaks HTTP/1.1 is mostly one of gRPC, and not what is meant.
fn usual(mut answering: Vec<Answering>) -> Vec<Answering> {
    if answering.iter().any(|answers| answers.protocol == Protocol::Http1) {
        answering.retain(|answers| answers.protocol == Protocol::Http1);
    }
    answering
}

/// As a message names it.
fn place(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Tcp(address) => format!("port {}", address.port()),
        Endpoint::Unix(_) | Endpoint::Proxy(_) => endpoint.to_string(),
    }
}

/// The address of a service on this machine; behind a Unix socket or a proxy it has none that could be known.
pub(crate) const fn address_of(endpoint: &Endpoint) -> SocketAddr {
    match endpoint {
        Endpoint::Tcp(address) => *address,
        // A port that nobody can listen on.
        Endpoint::Unix(_) | Endpoint::Proxy(_) => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    }
}

/// What requests to a service that we started are addressed to.
pub(crate) fn origin_of(endpoint: &Endpoint) -> Origin {
    let (host, port) = match endpoint {
        Endpoint::Tcp(address) => (address.ip().to_string(), address.port()),
        Endpoint::Unix(_) | Endpoint::Proxy(_) => ("localhost".to_owned(), Scheme::Http.default_port()),
    };
    Origin { scheme: Scheme::Http, host, port }
}

async fn ask(
    ready_path: Option<String>,
    endpoint: Endpoint,
    versions: Versions,
    time_max: Duration,
) -> Result<Protocol, String> {
    let origin = origin_of(&endpoint);
    let path = ready_path.as_deref().unwrap_or("/");
    let trust = Trust::default();
    let question = Question { origin: &origin, endpoint, trust: &trust, path, time_max };
    match probe(&question, versions).await {
        Ok(answer) if ready_path.is_none() || (200..400).contains(&answer.status) => Ok(answer.protocol),
        Ok(answer) => Err(format!("{path} answers {}", answer.status)),
        Err(error) => Err(error.to_string()),
    }
}

/// The socket or port that the user named, else every port that the tree listens on.
fn candidates(launch: &Launch, reach: &Reach, scope: Scope) -> Vec<Endpoint> {
    match &reach.unix_socket {
        Some(path) => vec![Endpoint::Unix(path.clone())],
        None => ports(launch, scope).into_iter().map(Endpoint::Tcp).collect(),
    }
}

fn ports(launch: &Launch, scope: Scope) -> Vec<SocketAddr> {
    if let Some(port) = launch.port {
        let of_tree = listening(scope).into_iter().find(|address| address.port() == port);
        return vec![of_tree.unwrap_or(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port))];
    }
    let mut addresses = listening(scope);
    addresses.sort_by_key(|address| (address.port(), address.is_ipv6()));
    addresses.dedup_by_key(|address| address.port());
    addresses
}

fn listening(scope: Scope) -> Vec<SocketAddr> {
    drip_proc::listeners(&scope.pids()).into_iter().map(|listener| listener.reachable()).collect()
}

async fn only_one(
    launch: &Launch,
    reach: &Reach,
    scope: Scope,
    first: Vec<Answering>,
    deadline: Instant,
) -> Result<Answering, Trouble> {
    if launch.port.is_some() || reach.unix_socket.is_some() {
        return Ok(first[0].clone());
    }
    sleep(OTHERS_TIME).await;
    let (answering, _) = ask_all(launch, reach, scope, deadline).await;
    if answering.len() < 2 {
        return Ok(answering.first().unwrap_or(&first[0]).clone());
    }
    let mut services = Vec::new();
    for answers in answering {
        if !drip_meter::is_inspector(address_of(&answers.endpoint)).await {
            services.push(answers);
        }
    }
    match services.as_slice() {
        [] => Ok(first[0].clone()),
        [only] => Ok(only.clone()),
        several => Err(Trouble::SeveralPorts {
            ports: several.iter().map(|answers| address_of(&answers.endpoint).port()).collect(),
        }),
    }
}

/// The first of the ways to a host on which it answers anything to the first vector's path.
pub(crate) async fn first_that_answers(
    origin: &Origin,
    candidates: &[Endpoint],
    job: &Job,
) -> Result<Answering, Trouble> {
    let target = job.vectors.first().map(|vector| vector.template.render(0, 0).target).unwrap_or_default();
    let path = String::from_utf8_lossy(&target).into_owned();
    let time_max = FIRST_TIME_MAX.min(job.settings.budget);
    let mut why = String::new();
    for endpoint in candidates {
        let question =
            Question { origin, endpoint: endpoint.clone(), trust: &job.trust, path: &path, time_max };
        match probe(&question, job.reach.versions).await {
            Ok(answer) => return Ok(Answering { endpoint: endpoint.clone(), protocol: answer.protocol }),
            Err(error) => why = error.to_string(),
        }
    }
    Err(Trouble::Unreachable { url: origin.to_string(), why })
}
