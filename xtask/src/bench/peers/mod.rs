//! `cargo xtask bench peers`: what a request costs Drip and other load generators, in alternating rounds against one
//! server, beside a loop that does nothing but read and write.

mod client;
mod clock;
mod cost;
mod table;

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use self::client::{Built, CLIENTS, Client, Errand, Kind};
use self::cost::{Cost, measure};
use self::table::{Memory, Numbers, Row, Table};
use super::keep;
use crate::failure::Failure;
use crate::program;
use crate::workspace::Workspace;

/// Rounds in which each client has its turn; medians count.
const ROUNDS: usize = 7;
/// Length of a turn.
const SECONDS: u32 = 3;
/// Connections.
const USERS: u32 = 50;

/// Requests at once over HTTP/2: ten connections of ten.
const STREAMS: u32 = 100;

/// A long run, and one of many connections.
const MANY_REQUESTS: u64 = 10_000_000;
const MANY_USERS: u32 = 10_000;

pub(super) fn run(workspace: &Workspace, words: &[String]) -> Result<(), Failure> {
    let is = |wanted: &str| words.iter().any(|word| word == wanted);
    if let Some(word) = words.iter().find(|word| !["--json", "--write"].contains(&word.as_str())) {
        return Err(Failure::Usage(format!("cargo xtask bench peers does not know {word}: --json, --write")));
    }
    let bench = Bench::set_up(workspace)?;
    let table = bench.table()?;
    if is("--json") {
        println!("{:#}", table.json());
    } else {
        print!("{}", table.markdown());
    }
    if is("--write") {
        keep(workspace, "peers", &table.markdown())?;
    }
    println!("{}", table.last_line());
    Ok(())
}

struct Bench {
    built: Built,
    server: Server,
    tls: Server,
    /// Where it is installed.
    http2: Option<Server>,
}

impl Bench {
    fn set_up(workspace: &Workspace) -> Result<Self, Failure> {
        let mut cargo = program::cargo(&workspace.root);
        cargo.args(["build", "--release", "--workspace", "--example", "load", "--example", "tls_server"]);
        program::run(&mut cargo, "cargo build")?;
        let folder = workspace.target.join("peers");
        fs::create_dir_all(&folder).map_err(|error| Failure::step("the folder of the peers", error))?;
        for name in ["server", "raw"] {
            let source = workspace.root.join(format!("benches/peers/{name}.c"));
            let mut cc = Command::new("cc");
            cc.args(["-O2", "-o"]).args([folder.join(name), source]);
            program::run(&mut cc, "compiling the peers")?;
        }
        raise_limits()?;
        let tls = Command::new(workspace.target.join("release/examples/tls_server"));
        Ok(Self {
            built: Built::new(&workspace.target, &folder),
            server: Server::start(Command::new(folder.join("server")))?,
            tls: Server::start(tls)?,
            http2: nghttpd(&folder)?.map(Server::start).transpose()?,
        })
    }

    /// Whom such requests are sent to, and how many at once.
    fn target(&self, kind: Kind) -> Option<(u16, u32)> {
        match kind {
            Kind::KeepAlive | Kind::TwoThreads | Kind::UniqueQuery | Kind::Fresh => {
                Some((self.server.port, USERS))
            }
            Kind::Tls => Some((self.tls.port, USERS)),
            Kind::Http2 => self.http2.as_ref().map(|server| (server.port, STREAMS)),
        }
    }

    fn table(&self) -> Result<Table, Failure> {
        let everybody: Vec<&Client> = CLIENTS.iter().collect();
        let [drip, raw, wrk, oha, h2load] = ["drip", "raw", "wrk", "oha", "h2load"].map(Client::named);
        let (keep_alive, missing) = self.rounds(&everybody, Kind::KeepAlive)?;
        let two_threads = self.compare(&[drip, raw, wrk].map(|client| (client, Kind::TwoThreads)))?;
        let unique = self.compare(&[(drip, Kind::KeepAlive), (drip, Kind::UniqueQuery)])?;
        let fresh = self.compare(&[(drip, Kind::Fresh), (wrk, Kind::Fresh)])?;
        let tls = self.compare(&[(drip, Kind::Tls), (wrk, Kind::Tls)])?;
        let http2 = self.compare(&[(drip, Kind::Http2), (oha, Kind::Http2), (h2load, Kind::Http2)])?;
        Ok(Table {
            stall: self.stall(catches_up(&keep_alive))?,
            keep_alive,
            missing,
            two_threads,
            unique,
            fresh,
            tls,
            http2,
            timer: self.timer()?,
            memory: self.memory()?,
        })
    }

    /// All of these in turn, round after round; and whom of them this machine does not have.
    fn rounds(
        &self,
        clients: &[&'static Client],
        kind: Kind,
    ) -> Result<(Vec<Row>, Vec<&'static Client>), Failure> {
        let pairs: Vec<_> = clients.iter().map(|client| (*client, kind)).collect();
        let rows = self.compare(&pairs)?;
        let missing =
            clients.iter().copied().filter(|client| !rows.iter().any(|row| row.client == client.name));
        let missing: Vec<_> = missing.collect();
        for client in &missing {
            eprintln!("xtask: {} is not installed and left out ({})", client.name, client.from);
        }
        Ok((rows, missing))
    }

    fn compare(&self, pairs: &[(&'static Client, Kind)]) -> Result<Vec<Row>, Failure> {
        let mut rows: Vec<(_, Vec<Numbers>)> = pairs.iter().map(|pair| (*pair, Vec::new())).collect();
        for round in 1..=ROUNDS {
            eprintln!("xtask: round {round} of {ROUNDS}");
            for ((client, kind), numbers) in &mut rows {
                let Some((port, users)) = self.target(*kind) else { continue };
                let errand = Errand { port, users, seconds: SECONDS, kind: *kind };
                if let Some(command) = client.command(&self.built, &errand) {
                    numbers.push(numbers_of(client, &measure(command, client.name)?)?);
                }
            }
        }
        let made = rows.into_iter().filter(|(_, numbers)| !numbers.is_empty());
        Ok(made.map(|((client, kind), numbers)| Row { client: client.name, kind, numbers }).collect())
    }

    fn memory(&self) -> Result<Memory, Failure> {
        eprintln!("xtask: {MANY_REQUESTS} requests, then {MANY_USERS} connections");
        let long = self.drip(&[format!("requests={MANY_REQUESTS}"), format!("users={USERS}")])?.memory;
        let at = |share: f64| long.get((long.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
        let wide = self.drip(&[format!("users={MANY_USERS}"), format!("seconds={}", 2 * SECONDS)])?;
        Ok(Memory {
            requests: MANY_REQUESTS,
            early_bytes: at(0.1),
            late_bytes: long.last().copied().unwrap_or(f64::NAN),
            users: MANY_USERS,
            wide_bytes: wide.peak(),
        })
    }

    fn drip(&self, words: &[String]) -> Result<Cost, Failure> {
        let mut command = Command::new(&self.built.drip);
        command.arg(format!("http://127.0.0.1:{}/data", self.server.port)).args(words);
        measure(command, "drip")
    }
}

/// As fast as our client can go there.
fn catches_up(keep_alive: &[Row]) -> f64 {
    keep_alive.iter().find(|row| row.client == "drip").map_or(f64::NAN, Row::per_second)
}

fn numbers_of(client: &Client, cost: &Cost) -> Result<Numbers, Failure> {
    let unread =
        || Failure::step(client.name, format!("it does not say how many requests it sent: {}", cost.printed));
    let requests = (client.requests)(&cost.printed).filter(|requests| *requests > 0.0).ok_or_else(unread)?;
    Ok(Numbers {
        micros: cost.cpu_seconds * 1e6 / requests,
        per_second: requests / cost.seconds,
        peak_bytes: cost.peak(),
    })
}

/// As many descriptors as this user may have, for us and those whom we start.
fn raise_limits() -> Result<(), Failure> {
    let limit = |error: nix::Error| Failure::step("raising the limit of descriptors", error);
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(limit)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_err(limit)
}

/// The server of HTTP/2, with one file to give; `None` where it is not installed.
fn nghttpd(folder: &Path) -> Result<Option<Command>, Failure> {
    let Some(program) = program::on_path("nghttpd") else {
        eprintln!(
            "xtask: nghttpd is not installed, so nothing is measured over HTTP/2 (Debian: nghttp2-server)"
        );
        return Ok(None);
    };
    let root = folder.join("www");
    let written = fs::create_dir_all(&root).and_then(|()| fs::write(root.join("data"), "hello\n"));
    written.map_err(|error| Failure::step("the file that nghttpd gives", error))?;
    let mut command = Command::new(program);
    command.args(["--no-tls", "--address=127.0.0.1", "--workers=1", "--htdocs"]).arg(root);
    Ok(Some(command))
}

/// A server that clients are measured against. Dropping it ends it.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts a program whose last word is the port.
    fn start(mut command: Command) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::step("starting the server", error);
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        let port = free.local_addr().map_err(failed)?.port();
        drop(free);
        let started = command.arg(port.to_string()).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let server = Self { child: started.map_err(failed)?, port };
        let deadline = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if Instant::now() > deadline {
                return Err(Failure::step("starting the server", "it does not listen after 5 s"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
