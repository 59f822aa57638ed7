//! From arguments to a job: everything that can be wrong with the words is said here, before anything starts.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use drip_model::{Origin, Protocol, Runtime, Scheme, Settings, Vector};
use drip_plan::{Ask, Credentials, Skipped, address, vectors};
use drip_session::{Identity, Job, Launch, Place, Proxies, Reach, Roots, Trouble, Trust, Versions};

use crate::args::{
    Common, DoctorArgs, GateArgs, HttpVersion, LoadArgs, NEW, ReachArgs, ReckonArgs, RunArgs, RuntimeName,
    ScanArgs, ServiceArgs, TlsArgs,
};
use crate::first_look;
use crate::gate::Gate;
use crate::requests::{Requests, Target, one_source, requests};
use crate::spec::{AUTO, DESCRIBES};

const USERS: u32 = 50;

/// Why the words cannot be used; printed as it is, exit code 2.
#[derive(Debug)]
pub(crate) struct Wrong(pub(crate) String);

impl<E: std::error::Error> From<E> for Wrong {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// A job, and what was left out of it.
pub(crate) struct Planned {
    pub(crate) job: Job,
    pub(crate) skipped: Vec<Skipped>,
    /// Why the service could not be asked what it has; nothing is planned then.
    pub(crate) trouble: Option<Trouble>,
}

/// The job of `drip run`.
pub(crate) fn run_job(args: &RunArgs) -> Result<Planned, Wrong> {
    let id = run_id();
    let launch = launch(&id, &args.service, &args.command)?;
    let reach = reach(&args.common.reach)?;
    let port = args.service.port;
    let trust = Trust::default();
    let target = Target { paths: args.paths.clone(), origin: None, port, reach: reach.clone(), trust };
    let planned =
        |asked| job(id.clone(), Place::Launch(launch.clone()), asked, &args.common, reach.clone(), None);
    if args.common.request.spec.as_deref() != Some(AUTO) {
        return planned(requests(&args.common.request, target, None)?);
    }
    one_source("--spec", &target)?;
    let unplanned = planned(Requests::default())?;
    match first_look::published(&unplanned.job, &target.home(), &args.common.show)? {
        Ok(found) => planned(requests(&args.common.request, target, Some(found))?),
        Err(trouble) => Ok(Planned { trouble: Some(trouble), ..unplanned }),
    }
}

fn launch(id: &str, service: &ServiceArgs, command: &[String]) -> Result<Launch, Wrong> {
    Ok(Launch {
        command: command.to_vec(),
        port: service.port,
        ready_path: service.ready_path.clone(),
        ready_time_max: service.ready_timeout,
        withheld: keys_of_channels(),
        log: service.service_log.clone().unwrap_or_else(|| log_of(id)),
        guard: own_executable()?,
    })
}

/// What a service under test has no need to read, and could print.
fn keys_of_channels() -> Vec<String> {
    let needs = drip_notify::CHANNELS.iter().flat_map(|channel| channel.needs());
    needs.map(|need| need.variable.to_owned()).collect()
}

/// The job of `drip scan`.
pub(crate) fn scan_job(args: &ScanArgs) -> Result<Planned, Wrong> {
    let target = address(&args.url)?;
    let paths = if target.path.is_empty() { Vec::new() } else { vec![target.path] };
    let place = Place::Running { origin: target.origin.clone(), pid: args.memory };
    let reach = scan_reach(args)?;
    let port = Some(target.origin.port);
    let trust = trust(&args.tls)?;
    let target =
        Target { paths, port, origin: Some(target.origin), reach: reach.clone(), trust: trust.clone() };
    let asked = requests(&args.common.request, target, None)?;
    let mut planned = job(run_id(), place, asked, &args.common, reach, args.i_own.clone())?;
    planned.job.trust = trust;
    Ok(planned)
}

fn reach(args: &ReachArgs) -> Result<Reach, Wrong> {
    let versions = match args.http {
        None | Some(HttpVersion::Auto) => Versions::Either,
        Some(HttpVersion::One) => Versions::Only(Protocol::Http1),
        Some(HttpVersion::Two) => Versions::Only(Protocol::Http2),
    };
    let unix_socket = args.unix_socket.as_ref().map(std::path::absolute).transpose()?;
    Ok(Reach { versions, unix_socket, ..Reach::default() })
}

/// The way to a service that runs already. One that we start is on this machine, and never behind a proxy.
fn scan_reach(args: &ScanArgs) -> Result<Reach, Wrong> {
    let variable = |name: &str| std::env::var(name).ok();
    let proxies = if args.way.no_proxy { Ok(Proxies::default()) } else { Proxies::of_environment(variable) };
    Ok(Reach {
        pinned: args.way.resolve.clone(),
        proxies: proxies.map_err(Wrong)?,
        ..reach(&args.common.reach)?
    })
}

fn trust(args: &TlsArgs) -> Result<Trust, Wrong> {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|error| Wrong(format!("{} cannot be read: {error}", path.display())))
    };
    let roots = match &args.cacert {
        _ if args.insecure => Roots::Anyone,
        Some(path) => Roots::Own(read(path)?),
        None => Roots::System,
    };
    // As with curl, a file may hold both.
    let identity = args.cert.as_ref().map(|cert| {
        let key = args.key.as_ref().unwrap_or(cert);
        Ok::<_, Wrong>(Identity { certificates: read(cert)?, key: read(key)? })
    });
    Ok(Trust { roots, identity: identity.transpose()? })
}

/// Our own executable, which guards the service.
pub(crate) fn own_executable() -> Result<PathBuf, Wrong> {
    std::env::current_exe().map_err(|error| Wrong(format!("our own executable cannot be found: {error}")))
}

/// Where a service's output goes unless the user says where.
pub(crate) fn log_of(id: &str) -> PathBuf {
    std::env::temp_dir().join(format!("drip-{id}.log"))
}

/// Unique on this machine, and sorted by time.
pub(crate) fn run_id() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", since.as_millis(), std::process::id())
}

fn job(
    id: String,
    place: Place,
    asked: Requests,
    common: &Common,
    reach: Reach,
    owned_host: Option<String>,
) -> Result<Planned, Wrong> {
    let load = &common.load;
    let paths = asked.plan.vectors.len();
    if load.continuous && paths > 1 {
        return Err(Wrong(format!(
            "--continuous judges one kind of request, since nothing tells several apart without rests; {paths} are asked for"
        )));
    }
    // Whoever names requests, or how many, knows what to ask.
    let asks_the_usual = common.request.spec.is_none()
        && common.request.plan.is_none()
        && load.requests.is_none()
        && matches!(asked.plan.vectors.as_slice(), [vector] if vector.endpoint == "GET /");
    let secret = |vector: &Vector| vector.template.headers.iter().any(|(name, _)| is_credential(name));
    let job = Job {
        id,
        place,
        credentials: asked.credentials || asked.plan.vectors.iter().any(secret),
        vectors: asked.plan.vectors,
        settings: settings(load, &common.reckon, owned_host),
        attach: !common.runtime.no_attach && !load.continuous,
        preload: common.runtime.preload,
        runtime: common.runtime.runtime.map(runtime),
        reach,
        trust: Trust::default(),
        describes: asks_the_usual.then_some(DESCRIBES),
        probes: common.request.probes,
        load_is_explicit: load.requests.is_some() && (load.rate.is_some() || load.users.is_some()),
    };
    Ok(Planned { job, skipped: asked.plan.skipped, trouble: None })
}

fn settings(load: &LoadArgs, reckon: &ReckonArgs, owned_host: Option<String>) -> Settings {
    let users = load.users.unwrap_or(USERS);
    Settings {
        users,
        threads: load.threads.unwrap_or(1).min(users),
        rate: load.rate,
        budget: load.budget,
        requests_max: load.requests,
        seed: load.seed.unwrap_or_else(new_seed),
        dose: load.dose,
        continuous: load.continuous,
        assume_cache: reckon.assume_cache,
        limit: reckon.limit,
        rate_expected: reckon.rate_expected,
        owned_host,
    }
}

/// The job of `drip doctor`, where it names a service.
pub(crate) fn doctor_job(args: &DoctorArgs) -> Result<Option<Job>, Wrong> {
    let id = run_id();
    let place = match args.pid {
        None if args.command.is_empty() => return Ok(None),
        None => Place::Launch(launch(&id, &args.service, &args.command)?),
        Some(pid) => Place::Running { origin: listening(pid, args.service.port)?, pid: Some(pid) },
    };
    Ok(Some(Job {
        id,
        place,
        vectors: vectors(&Ask::default(), &Credentials::default())?,
        settings: unasked(args),
        attach: !args.runtime.no_attach,
        preload: args.runtime.preload,
        runtime: args.runtime.runtime.map(runtime),
        reach: Reach::default(),
        trust: Trust::default(),
        credentials: false,
        describes: None,
        probes: false,
        load_is_explicit: false,
    }))
}

/// How long a process that is looked at may take to answer.
const LOOK_TIME_MAX: Duration = Duration::from_secs(30);

/// Nothing is asked of the service but whether it is there, so only its limit matters.
const fn unasked(args: &DoctorArgs) -> Settings {
    Settings {
        users: 1,
        threads: 1,
        rate: None,
        budget: LOOK_TIME_MAX,
        requests_max: None,
        seed: 0,
        dose: Duration::ZERO,
        continuous: false,
        assume_cache: None,
        limit: args.limit,
        rate_expected: 1.0,
        owned_host: None,
    }
}

/// Where a process of this machine, or one below it, can be reached.
fn listening(pid: u32, port: Option<u16>) -> Result<Origin, Wrong> {
    let listeners = drip_proc::listeners(&drip_proc::with_descendants(pid));
    let addresses = listeners.iter().map(drip_proc::Listener::reachable);
    let found = addresses.filter(|address| port.is_none_or(|port| port == address.port())).min();
    let address = found.ok_or_else(|| {
        let which = port.map_or_else(|| "a TCP port".to_owned(), |port| format!("port {port}"));
        Wrong(format!("--pid {pid}: neither it nor a process below it listens on {which} that we may see"))
    })?;
    Ok(Origin { scheme: Scheme::Http, host: address.ip().to_string(), port: address.port() })
}

/// Another one each time: a service that runs on would hold the keys of an earlier run.
fn new_seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(1)
}

/// Whether a header says who asks.
pub(crate) fn is_credential(header: &str) -> bool {
    ["authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token"]
        .iter()
        .any(|name| header.eq_ignore_ascii_case(name))
}

const fn runtime(name: RuntimeName) -> Runtime {
    match name {
        RuntimeName::Node => Runtime::Node,
        RuntimeName::Python => Runtime::Python,
        RuntimeName::Go => Runtime::Go,
        RuntimeName::Jvm => Runtime::Jvm,
        RuntimeName::Ruby => Runtime::Ruby,
        RuntimeName::Dotnet => Runtime::DotNet,
        RuntimeName::Php => Runtime::Php,
        RuntimeName::Native => Runtime::Native,
        RuntimeName::Unknown => Runtime::Unknown,
    }
}

/// The gate that the arguments describe.
pub(crate) fn gate(args: &GateArgs) -> Result<Gate, Wrong> {
    if args.baseline.is_none() && args.fail_on.iter().any(|name| name == NEW) {
        return Err(Wrong("--fail-on new needs a --baseline to be new against".to_owned()));
    }
    Ok(Gate {
        fail_below: args
            .fail_below
            .as_ref()
            .and_then(|grade| grade.chars().next())
            .map(|c| c.to_ascii_uppercase()),
        fail_under: args.fail_under,
        fail_on: args.fail_on.clone(),
        no_fail: args.no_fail,
        ..Gate::default()
    })
}
