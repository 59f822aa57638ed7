//! `cargo xtask bench record [NAME…]`: anonymous memory of services under load, ten times a second, as traces that the
//! tests of the judge read.
//!
//! The requests are those of Drip's own engine; the reading is that of Drip's own sampler, on another thread than the
//! requests. Written to `crates/judge/tests/traces/`, where README.md says what each service is.

use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use drip_drive::{Arrivals, Load, Model, Pulse, Trust, Until, play};
use drip_launch::{Command, Service};
use drip_model::{Body, Conduct, Origin, Part, Protocol, Scheme, Slot, Template, Text};
use drip_proc::{identity, tree_memory};
use tokio_util::sync::CancellationToken;

use super::build;
use super::floor::toolchain::{EXPRESS, FLASK, Folders, GO, JAVA, NATIVE, NODE, PYTHON, RUBY, Toolchain};
use crate::failure::Failure;
use crate::fixture::FIXTURES;
use crate::workspace::Workspace;

const PERIOD: Duration = Duration::from_millis(100);
const REQUESTS: u64 = 42_000;
const PER_SECOND: f64 = 1500.0;
const LOAD_TIME_MAX: Duration = Duration::from_secs(60);
const READY_TIME_MAX: Duration = Duration::from_secs(30);
const USERS: u32 = 4;
const SEED: u64 = 1;

/// A service, and what is asked of it.
struct Recorded {
    name: &'static str,
    toolchain: &'static Toolchain,
    command: &'static [&'static str],
    request: Request,
}

#[derive(Clone, Copy)]
enum Request {
    /// A path; the same each time.
    Same(&'static str),
    /// `/?id=…`, another one each time.
    Unique,
    /// The event of the Flask example.
    Event,
}

const fn recorded(
    name: &'static str,
    toolchain: &'static Toolchain,
    command: &'static [&'static str],
    request: Request,
) -> Recorded {
    Recorded { name, toolchain, command, request }
}

const DATA: Request = Request::Same("/data");
const ROOT: Request = Request::Same("/");

static RECORDED: &[Recorded] = &[
    recorded("node-express-leaking", &EXPRESS, &["node", "{fixtures}/node-express/leaky-server.js"], DATA),
    recorded("node-express-fixed", &EXPRESS, &["node", "{fixtures}/node-express/fixed-server.js"], DATA),
    recorded("node-lru", &NODE, &["node", "lru.cjs"], Request::Unique),
    recorded("node-bodies-leaking", &NODE, &["node", "bodies.cjs"], ROOT),
    recorded(
        "python-flask-leaking",
        &FLASK,
        &["{fixtures}/python/bin/python", "{examples}/python-flask/leaky.py"],
        Request::Event,
    ),
    recorded(
        "python-flask-fixed",
        &FLASK,
        &["{fixtures}/python/bin/python", "{examples}/python-flask/fixed.py"],
        Request::Event,
    ),
    recorded("python-lru", &PYTHON, &["python3", "lru.py"], Request::Unique),
    recorded("python-recycled-leaking", &PYTHON, &["python3", "recycled.py", "leaking"], ROOT),
    recorded("python-recycled-fixed", &PYTHON, &["python3", "recycled.py", "fixed"], ROOT),
    recorded("go-http-leaking", &GO, &["{fixtures}/go/leaky"], DATA),
    recorded("go-http-fixed", &GO, &["{fixtures}/go/fixed"], DATA),
    recorded("go-ring", &GO, &["{built}/go/ring"], ROOT),
    recorded("go-ttl", &GO, &["{built}/go/ttl"], Request::Unique),
    recorded("go-pool", &GO, &["{built}/go/pool"], ROOT),
    recorded(
        "java-warm-up",
        &JAVA,
        &["java", "-XX:+UseSerialGC", "-cp", "{built}/java", "WarmUp"],
        Request::Unique,
    ),
    recorded("java-lru", &JAVA, &["java", "-XX:+UseG1GC", "-cp", "{built}/java", "Lru"], Request::Unique),
    recorded("native-ring", &NATIVE, &["{built}/native/ring"], ROOT),
    recorded("native-list-leaking", &NATIVE, &["{built}/native/list"], ROOT),
    recorded("ruby-lru", &RUBY, &["ruby", "lru.rb"], Request::Unique),
];

pub(super) fn run(workspace: &Workspace, names: &[String]) -> Result<(), Failure> {
    let chosen =
        RECORDED.iter().filter(|service| names.is_empty() || names.iter().any(|name| service.name == name));
    let (guard, folders) = (build(workspace)?, Folders::of(workspace));
    let output = workspace.root.join("crates/judge/tests/traces");
    fs::create_dir_all(&folders.built).map_err(|error| Failure::step("making the build folder", error))?;
    for service in chosen {
        service.toolchain.prepare(&folders).map_err(|why| Failure::step(service.name, why))?;
        prepare_fixture(service, &folders)?;
        let trace = record(service, &folders, &guard)?;
        let file = output.join(format!("{}.csv", service.name));
        fs::write(&file, trace).map_err(|error| Failure::step("writing the trace", error))?;
        eprintln!("xtask: recorded {}", service.name);
    }
    Ok(())
}

/// The Go examples are a fixture of their own.
fn prepare_fixture(service: &Recorded, folders: &Folders) -> Result<(), Failure> {
    let of_examples = service.command[0].starts_with("{fixtures}/go/");
    let fixture = FIXTURES.iter().find(|fixture| of_examples && fixture.name == "go");
    fixture.map_or(Ok(()), |fixture| (fixture.set_up)(&folders.place).map(drop))
}

fn record(service: &Recorded, folders: &Folders, guard: &std::path::Path) -> Result<String, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::step(service.name, error);
    std::env::set_current_dir(folders.sources.join(service.toolchain.folder))
        .map_err(|error| failed(&error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| failed(&error))?;
    let address = free_address().map_err(|error| failed(&error))?;
    let words: Vec<String> = service.command.iter().map(|word| folders.filled(word)).collect();
    let mut command = Command::new(&words[0], words[1..].to_vec(), folders.built.join("recorded.log"));
    command.guard = guard.to_owned();
    command.env = vec![("PORT".to_owned(), address.port().to_string())];
    let running = runtime.block_on(drip_launch::start(&command)).map_err(|error| failed(&error))?;
    let trace = if is_ready(address) {
        Ok(under_load(&runtime, service, &running, address, folders))
    } else {
        Err(failed(&format!("no answer on {address}")))
    };
    runtime.block_on(running.stop()).map_err(|error| failed(&error))?;
    trace
}

fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn is_ready(address: SocketAddr) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < READY_TIME_MAX {
        if TcpStream::connect_timeout(&address, PERIOD).is_ok() {
            return true;
        }
        std::thread::sleep(PERIOD);
    }
    false
}

/// Plays the requests on another thread, and reads until they are answered.
fn under_load(
    runtime: &tokio::runtime::Runtime,
    service: &Recorded,
    running: &Service,
    address: SocketAddr,
    folders: &Folders,
) -> String {
    let origin = Origin { scheme: Scheme::Http, host: address.ip().to_string(), port: address.port() };
    let (template, pulse) = (service.request.template(folders), Pulse::default());
    let played = pulse.clone();
    let load = runtime.spawn(async move {
        let until = Until::Requests { count: REQUESTS, time_max: LOAD_TIME_MAX };
        let load = Load {
            origin: &origin,
            endpoint: address.into(),
            template: &template,
            seed: SEED,
            first: 0,
            until,
            users: USERS,
            threads: 1,
            model: Model::Open(Arrivals::constant(PER_SECOND)),
            conduct: Conduct::Polite,
            protocol: Protocol::Http1,
            trust: &Trust::default(),
            request_time_max: Duration::from_secs(5),
        };
        play(&load, &played, &CancellationToken::new()).await
    });
    let (begun, mut text) = (Instant::now(), String::from("t_s,requests,anon_bytes,process\n"));
    while !load.is_finished() {
        let pids = running.pids();
        let (requests, memory) = (pulse.completed(), tree_memory(&pids).anon);
        // Writing to a String cannot fail.
        let _ =
            writeln!(text, "{:.1},{requests},{memory},{}", begun.elapsed().as_secs_f64(), fingerprint(&pids));
        std::thread::sleep(PERIOD);
    }
    text
}

/// Another number as soon as one of the processes is another one; short, for the sake of the file.
fn fingerprint(pids: &[u32]) -> u16 {
    let mut hasher = DefaultHasher::new();
    pids.iter().map(|pid| identity(*pid)).for_each(|identity| identity.hash(&mut hasher));
    hasher.finish() as u16
}

impl Request {
    fn template(self, folders: &Folders) -> Template {
        let get = |target: Text| Template { method: "GET".to_owned(), target, ..Template::default() };
        match self {
            Self::Same(path) => get(Text::literal(path)),
            Self::Unique => get(Text(vec![Part::Literal(b"/?id=".to_vec()), Part::Slot(Slot::Counter)])),
            Self::Event => Template {
                method: "POST".to_owned(),
                target: Text::literal("/ingest"),
                headers: vec![("Content-Type".to_owned(), Text::literal("application/json"))],
                body: Body::Bytes(
                    fs::read(folders.place.examples.join("python-flask/event.json")).unwrap_or_default(),
                ),
            },
        }
    }
}
