//! The service under test, started or found, and answering.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use drip_drive::{Endpoint, Trust};
use drip_launch::{Command, Service, start};
use drip_meter::{Scope, Target, Trace, TraceLine, runtime_of};
use drip_model::{Doubt, DoubtKind, Origin, Protocol, Runtime, Settings};
use drip_proc::{Identity, identity};

use crate::folder::Folder;
use crate::halt::Halt;
use crate::job::{Job, Launch, Place};
use crate::manners::mind;
use crate::preparation::Preparation;
use crate::reach::ways;
use crate::ready::{self, Answering, address_of, origin_of};
use crate::trouble::Trouble;

/// Longest time that a stopped service may take to end by itself.
const GRACE: std::time::Duration = std::time::Duration::from_secs(5);

/// A service that answers.
pub(crate) struct Subject {
    /// Where requests go.
    pub(crate) origin: Origin,
    /// Resolved once and pinned.
    pub(crate) endpoint: Endpoint,
    /// Which HTTP it answered in, and is spoken from then on.
    pub(crate) protocol: Protocol,
    /// Whom TLS believes there.
    pub(crate) trust: Trust,
    /// The settings that are allowed towards it.
    pub(crate) settings: Settings,
    /// When we started it.
    pub(crate) service: Option<Service>,
    /// Its processes, where they can be seen.
    pub(crate) scope: Option<Scope>,
    /// The processes that own its socket.
    pub(crate) owners: Vec<Identity>,
    /// What runs there.
    pub(crate) runtime: Option<Runtime>,
    /// Why the processes that are read may not be the service.
    pub(crate) stranger: Option<Doubt>,
    /// Where hooks of the service answer, when we started it and may attach. Gone when this is.
    pub(crate) folder: Option<Folder>,
    /// What could not be prepared for it before it started, and why.
    pub(crate) unprepared: Vec<String>,
}

impl Subject {
    /// Processes that own the service's socket now.
    pub(crate) fn owner_pids(&self) -> Vec<u32> {
        self.owners.iter().map(|owner| owner.pid).collect()
    }

    /// What a floor attaches to; `None` when no process of the service can be seen.
    pub(crate) fn target(&self) -> Option<Target> {
        Some(Target {
            owners: self.owner_pids(),
            scope: self.scope?,
            address: address_of(&self.endpoint),
            folder: self.folder.as_ref().map(|folder| folder.path().to_owned()),
            trace: self.service.as_ref().map(trace_of),
        })
    }

    /// Whether the service is dead: nobody who owned its socket lives, and nobody of its tree owns it now.
    pub(crate) fn is_dead(&self) -> bool {
        let Some(scope) = self.scope else { return false };
        if self.owners.is_empty() {
            return scope.pids().is_empty();
        }
        !self.owners.iter().any(drip_proc::is_alive) && owners(scope, &self.endpoint).is_empty()
    }
}

/// Starts or finds the service of a job and waits until it answers.
pub(crate) async fn open(
    job: &Job,
    halt: &Halt,
    on_start: &mut (dyn FnMut(u32) + Send),
) -> Result<Subject, Trouble> {
    match &job.place {
        Place::Launch(launch) => launched(job, launch, halt, on_start).await,
        Place::Running { origin, pid } => tokio::select! {
            found = found(job, origin, *pid) => found,
            () = halt.token().cancelled() => Err(Trouble::Interrupted),
        },
    }
}

async fn launched(
    job: &Job,
    launch: &Launch,
    halt: &Halt,
    on_start: &mut (dyn FnMut(u32) + Send),
) -> Result<Subject, Trouble> {
    if let Some(port) = launch.port {
        is_free(port)?;
    }
    if let Some(path) = &job.reach.unix_socket {
        is_unused(path)?;
    }
    let preparation = if job.attach { Preparation::of(job, launch) } else { Preparation::default() };
    let marks = preparation.marks();
    match started(job, launch, preparation, halt, on_start).await {
        Err(Trouble::Ended { output, .. }) if blames(&marks, &output).is_some() => {
            let without = Preparation::none_since(blames(&marks, &output).unwrap_or_default());
            started(job, launch, without, halt, on_start).await
        }
        done => done,
    }
}

/// The first line of the last words of a service that speaks of what was prepared for it.
fn blames<'a>(marks: &[String], output: &'a [String]) -> Option<&'a str> {
    output.iter().find(|line| marks.iter().any(|mark| line.contains(mark))).map(String::as_str)
}

/// Starts the service once and waits until it answers.
async fn started(
    job: &Job,
    launch: &Launch,
    preparation: Preparation,
    halt: &Halt,
    on_start: &mut (dyn FnMut(u32) + Send),
) -> Result<Subject, Trouble> {
    let service = start(&command(launch, &preparation)).await?;
    on_start(service.main_pid());
    let scope = Scope::Below(service.guard_pid());
    match ready::wait(launch, &job.reach, &service, scope, halt).await {
        Ok(place) => Ok(answering(job, service, scope, place, preparation)),
        Err(trouble) => {
            // The guard ends the service in any case; the first trouble is the one to tell.
            let _ = service.stop().await;
            Err(trouble)
        }
    }
}

fn answering(
    job: &Job,
    service: Service,
    scope: Scope,
    Answering { endpoint, protocol }: Answering,
    preparation: Preparation,
) -> Subject {
    let owners = owners(scope, &endpoint);
    let runtime = runtime(job, &owners, || service.main_pid());
    Subject {
        protocol,
        trust: Trust::default(),
        stranger: owners.is_empty().then(|| stranger(service.main_pid(), &endpoint)),
        origin: origin_of(&endpoint),
        endpoint,
        settings: job.settings.clone(),
        service: Some(service),
        scope: Some(scope),
        owners,
        runtime,
        unprepared: preparation.refused_for(runtime),
        folder: preparation.folder,
    }
}

fn is_free(port: u16) -> Result<(), Trouble> {
    if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
        return Ok(());
    }
    let who = match drip_proc::listener_owner(port) {
        Some((pid, name)) => format!("process {pid} ({name})"),
        None => "another process".to_owned(),
    };
    Err(Trouble::PortTaken { port, who })
}

fn is_unused(path: &Path) -> Result<(), Trouble> {
    match UnixStream::connect(path) {
        Ok(_) => Err(Trouble::SocketTaken { path: path.display().to_string() }),
        Err(_) => Ok(()),
    }
}

fn trace_of(service: &Service) -> Trace {
    let last = service.last_diverted();
    Arc::new(move || last().map(|(number, text)| TraceLine { number, text }))
}

fn command(launch: &Launch, preparation: &Preparation) -> Command {
    let mut env = preparation.prepared.variables.clone();
    let has_port = std::env::var_os("PORT").is_some();
    let port = launch.port.or_else(|| (!has_port).then(free_port).flatten());
    env.extend(port.map(|port| ("PORT".to_owned(), port.to_string())));
    Command {
        program: launch.command.first().cloned().unwrap_or_default(),
        args: launch.command.iter().skip(1).cloned().collect(),
        env,
        withheld: launch.withheld.clone(),
        log: launch.log.clone(),
        grace: GRACE,
        folder: preparation.folder.as_ref().map(|folder| folder.path().to_owned()),
        divert: preparation.prepared.is_ours.clone(),
        guard: launch.guard.clone(),
    }
}

/// A port that nobody has at this moment; a service that honours `PORT` gets it.
fn free_port() -> Option<u16> {
    Some(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.local_addr().ok()?.port())
}

/// Who owns the socket, as identities.
pub(crate) fn owners(scope: Scope, endpoint: &Endpoint) -> Vec<Identity> {
    let mut pids: Vec<u32> = match endpoint {
        Endpoint::Unix(path) => drip_proc::unix_owners(&scope.pids(), path),
        Endpoint::Tcp(_) | Endpoint::Proxy(_) => drip_proc::listeners(&scope.pids())
            .iter()
            .filter(|l| l.address.port() == address_of(endpoint).port())
            .map(|l| l.pid)
            .collect(),
    };
    pids.sort_unstable();
    pids.dedup();
    pids.into_iter().filter_map(identity).collect()
}

fn runtime(job: &Job, owners: &[Identity], fallback: impl Fn() -> u32) -> Option<Runtime> {
    job.runtime.or_else(|| Some(runtime_of(owners.first().map_or_else(fallback, |owner| owner.pid))))
}

async fn found(job: &Job, origin: &Origin, pid: Option<u32>) -> Result<Subject, Trouble> {
    let candidates = ways(&job.reach, origin).await?;
    // Before any of them is asked anything: a name may stand for addresses that must not be.
    for endpoint in &candidates {
        mind(job, &origin.host, endpoint)?;
    }
    let Answering { endpoint, protocol } = ready::first_that_answers(origin, &candidates, job).await?;
    let settings = mind(job, &origin.host, &endpoint)?;
    let mut subject = Subject {
        origin: origin.clone(),
        endpoint: endpoint.clone(),
        protocol,
        trust: job.trust.clone(),
        settings,
        service: None,
        scope: None,
        owners: Vec::new(),
        runtime: job.runtime,
        stranger: None,
        folder: None,
        unprepared: Vec::new(),
    };
    if let Some(pid) = pid {
        let process = identity(pid).ok_or(Trouble::NoSuchProcess(pid))?;
        let scope = Scope::From(pid);
        let owning = owners(scope, &endpoint);
        subject.stranger = owning.is_empty().then(|| stranger(pid, &endpoint));
        subject.owners = if owning.is_empty() { vec![process] } else { owning };
        subject.runtime = runtime(job, &subject.owners, || pid);
        subject.scope = Some(scope);
    }
    Ok(subject)
}

/// Growth of a bystander is not the service's, and its calm proves nothing.
fn stranger(pid: u32, endpoint: &Endpoint) -> Doubt {
    let Endpoint::Tcp(address) = endpoint else {
        let message = format!(
            "process {pid}, whose memory was read, does not listen on {endpoint}: read the one that does, or scan what \
             the one that is read listens on"
        );
        return Doubt::new(DoubtKind::NotTheService, message);
    };
    let port = address.port();
    let owner = drip_proc::listener_owner(port).map(|(pid, name)| format!("; process {pid} ({name}) does"));
    let message = format!(
        "process {pid}, whose memory was read, does not listen on port {port}{}: read the one that does, or scan the \
         port of the one that is read",
        owner.unwrap_or_default()
    );
    Doubt::new(DoubtKind::NotTheService, message)
}
