//! Waiting until a service answers, and finding where.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use drip_drive::{Question, Trust, Versions, probe};
use drip_launch::Service;
use drip_meter::Scope;
use drip_model::{Exit, Origin, Protocol, Scheme};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::halt::Halt;
use crate::job::{Job, Launch};
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answering {
    pub(crate) address: SocketAddr,
    pub(crate) protocol: Protocol,
}

/// Waits until the service answers HTTP.
pub(crate) async fn wait(
    launch: &Launch,
    versions: Versions,
    service: &Service,
    scope: Scope,
    halt: &Halt,
) -> Result<Answering, Trouble> {
    let deadline = Instant::now() + launch.ready_time_max;
    let mut seen = "it opened no port".to_owned();
    loop {
        let (answering, silent) = ask_all(launch, versions, scope, deadline).await;
        if !answering.is_empty() {
            return only_one(launch, versions, scope, answering, deadline).await;
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
    versions: Versions,
    scope: Scope,
    deadline: Instant,
) -> (Vec<Answering>, Option<String>) {
    let mut asked = JoinSet::new();
    for address in candidates(launch, scope) {
        let path = launch.ready_path.clone();
        let time_max = deadline.saturating_duration_since(Instant::now()).clamp(POLL, PROBE_TIME_MAX);
        asked.spawn(async move { (address, ask(path, address, versions, time_max).await) });
    }
    let (mut answering, mut silent) = (Vec::new(), None);
    // A panic of a probe is an address that did not answer.
    while let Some(Ok((address, answer))) = asked.join_next().await {
        match answer {
            Ok(protocol) => answering.push(Answering { address, protocol }),
            Err(why) => silent = Some(format!("port {}: {why}", address.port())),
        }
    }
    answering.sort_by_key(|answering| answering.address);
    (answering, silent)
}

async fn ask(
    ready_path: Option<String>,
    address: SocketAddr,
    versions: Versions,
    time_max: Duration,
) -> Result<Protocol, String> {
    let origin = Origin { scheme: Scheme::Http, host: address.ip().to_string(), port: address.port() };
    let path = ready_path.as_deref().unwrap_or("/");
    let trust = Trust::default();
    let question = Question { origin: &origin, endpoint: address.into(), trust: &trust, path, time_max };
    match probe(&question, versions).await {
        Ok(answer) if ready_path.is_none() || (200..400).contains(&answer.status) => Ok(answer.protocol),
        Ok(answer) => Err(format!("{path} answers {}", answer.status)),
        Err(error) => Err(error.to_string()),
    }
}

/// The port that the user named, else every port that the tree listens on.
fn candidates(launch: &Launch, scope: Scope) -> Vec<SocketAddr> {
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
    versions: Versions,
    scope: Scope,
    first: Vec<Answering>,
    deadline: Instant,
) -> Result<Answering, Trouble> {
    if launch.port.is_some() {
        return Ok(first[0]);
    }
    sleep(OTHERS_TIME).await;
    let (answering, _) = ask_all(launch, versions, scope, deadline).await;
    if answering.len() < 2 {
        return Ok(answering.first().copied().unwrap_or(first[0]));
    }
    let mut services = Vec::new();
    for answers in answering {
        if !drip_meter::is_inspector(answers.address).await {
            services.push(answers);
        }
    }
    match services.as_slice() {
        [] => Ok(first[0]),
        [only] => Ok(*only),
        several => Err(Trouble::SeveralPorts {
            ports: several.iter().map(|answers| answers.address.port()).collect(),
        }),
    }
}

/// The first of a name's addresses that answers anything to the first vector's path.
pub(crate) async fn first_that_answers(
    origin: &Origin,
    candidates: &[SocketAddr],
    job: &Job,
) -> Result<Answering, Trouble> {
    let target = job.vectors.first().map(|vector| vector.template.render(0, 0).target).unwrap_or_default();
    let path = String::from_utf8_lossy(&target).into_owned();
    let time_max = FIRST_TIME_MAX.min(job.settings.budget);
    let mut why = String::new();
    for address in candidates {
        let question =
            Question { origin, endpoint: (*address).into(), trust: &job.trust, path: &path, time_max };
        match probe(&question, job.reach.versions).await {
            Ok(answer) => return Ok(Answering { address: *address, protocol: answer.protocol }),
            Err(error) => why = error.to_string(),
        }
    }
    Err(Trouble::Unreachable { url: origin.to_string(), why })
}
