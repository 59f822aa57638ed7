//! Runs the real binary as a user would, each time in a folder of its own, and never for longer than a limit.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use drip_proc::Identity;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// A run that takes longer hangs; a condition that takes longer never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// Enough requests for a report, too few for a verdict.
pub(crate) const BRIEF: [&str; 8] =
    ["--users", "4", "--dose", "200ms", "--requests", "200", "--budget", "10s"];
/// As short as a verdict can be had.
pub(crate) const SHORT: [&str; 6] = ["--users", "4", "--dose", "200ms", "--budget", "20s"];
const POLL: Duration = Duration::from_millis(10);
/// Variables by which a person's own shell would change what is tested.
const SURPRISES: [&str; 16] = [
    "PORT",
    "NO_COLOR",
    "NODE_OPTIONS",
    "PYTHONPATH",
    "RUBYOPT",
    "GODEBUG",
    "GOFLAGS",
    "LD_PRELOAD",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "HTTP_PROXY",
];
/// Below the ports that systems give to clients, so that no connection of a parallel test is in the way.
static NEXT_PORT: AtomicU16 = AtomicU16::new(20_000);

/// A port that is free, and that no other test gets.
pub(crate) fn port() -> u16 {
    loop {
        let port = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        assert!(port < 32_000, "no free port left");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// Waits for a condition; that it never comes is a failure.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "it never came: {what}");
        sleep(POLL);
    }
}

/// A folder with scripts, in which services and Drip are started.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    /// An empty one, but for what Python services have in common.
    pub(crate) fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        scene.write("service.py", include_str!("service.py"));
        scene
    }

    /// One whose `app.py` answers with this body of `def answer(r)`.
    pub(crate) fn answering(body: &str) -> Self {
        let scene = Self::new();
        scene.python(&format!("def answer(r):\n    {}\n\nserve(answer)\n", body.replace('\n', "\n    ")));
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same, as an argument.
    pub(crate) fn arg(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Writes `app.py`, which has what `service.py` offers.
    pub(crate) fn python(&self, body: &str) {
        self.write("app.py", format!("from service import *\n\n{body}"));
    }

    /// What a service noted; empty when it noted nothing.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    pub(crate) fn wait_for(&self, name: &str) {
        wait_until(&format!("file {name}"), || self.exists(name));
    }

    /// The processes whose numbers the services wrote to `pids`, as soon as there are so many.
    pub(crate) fn processes(&self, count: usize) -> Vec<Identity> {
        let living = || -> Vec<Identity> {
            let pids = self.read("pids");
            pids.lines().filter_map(|pid| drip_proc::identity(pid.trim().parse().ok()?)).collect()
        };
        wait_until(&format!("{count} processes"), || living().len() == count);
        living()
    }

    /// A command that runs here, in an environment without surprises.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.starts_with("DRIP_") || SURPRISES.contains(&&*name_text) {
                command.env_remove(&name);
            }
        }
        command
            .current_dir(self.folder.path())
            .env("TMPDIR", self.folder.path())
            .env("TERM", "xterm-256color");
        command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null());
        command
    }

    /// `drip` with these arguments, to be changed further.
    pub(crate) fn drip_command(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_drip"));
        command.args(args);
        command
    }

    /// Runs `drip` to its end.
    pub(crate) fn drip(&self, args: &[&str]) -> Done {
        self.start(args).end()
    }

    /// `drip run OPTIONS -- COMMAND`, to its end.
    pub(crate) fn run(&self, options: &[&[&str]], command: &[&str]) -> Done {
        self.drip(&words("run", options, command))
    }

    /// `drip run OPTIONS -- python3 app.py`, to its end.
    pub(crate) fn run_app(&self, options: &[&[&str]]) -> Done {
        self.run(options, &APP)
    }

    /// `drip scan URL OPTIONS`, to its end.
    pub(crate) fn scan(&self, url: &str, options: &[&[&str]]) -> Done {
        self.drip(&[&["scan", url], options.concat().as_slice()].concat())
    }

    /// Starts `drip`.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        self.spawn(&mut self.drip_command(args))
    }

    /// Starts a command, its output in files: a pipe that nobody reads would stop it.
    pub(crate) fn spawn(&self, command: &mut Command) -> Running {
        let output = tempfile::tempdir().unwrap();
        let file = |name: &str| File::create(output.path().join(name)).unwrap();
        let child = command.stdout(file("stdout")).stderr(file("stderr")).spawn().unwrap();
        Running { child, output, words: format!("{command:?}"), started: Instant::now() }
    }

    /// Starts `app.py` without Drip, and waits until its port is open.
    pub(crate) fn serve(&self, port: u16) -> Running {
        self.serve_file(APP[1], port)
    }

    /// The same with a script of another name.
    pub(crate) fn serve_file(&self, script: &str, port: u16) -> Running {
        let app = self.spawn(self.command(APP[0]).arg(script).env("PORT", port.to_string()));
        wait_until("the port opens", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        app
    }
}

/// The service that [`Scene::python`] wrote.
pub(crate) const APP: [&str; 2] = ["python3", "app.py"];

/// The words of `drip VERB OPTIONS -- COMMAND`.
pub(crate) fn words<'a>(verb: &'a str, options: &[&[&'a str]], command: &[&'a str]) -> Vec<&'a str> {
    [&[verb], options.concat().as_slice(), &["--"], command].concat()
}

/// A process that was started; ended by its number when nobody waits for it.
pub(crate) struct Running {
    child: Child,
    output: TempDir,
    words: String,
    started: Instant,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn send(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().try_into().unwrap()), signal).unwrap();
    }

    /// Waits for the end; a process that hangs is killed.
    pub(crate) fn end(self) -> Done {
        self.end_within(PATIENCE)
    }

    /// The same, for a run that may take longer.
    pub(crate) fn end_within(mut self, patience: Duration) -> Done {
        let deadline = Instant::now() + patience;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it hangs: {}\n{}", self.words, self.read("stderr"));
            sleep(POLL);
        };
        let (stdout, stderr) = (self.read("stdout"), self.read("stderr"));
        Done { status, stdout, stderr, words: self.words.clone(), took: self.started.elapsed() }
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.output.path().join(name)).unwrap()).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only for a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What became of a process.
pub(crate) struct Done {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
    words: String,
}

impl Done {
    /// Whether its status is 0.
    pub(crate) fn succeeded(&self) -> bool {
        self.status.success()
    }

    /// Its exit code; none where a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// With this status.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!((self.status.code(), self.status.signal()), (Some(code), None), "{self}");
        self
    }

    /// All of this is in the output.
    #[track_caller]
    pub(crate) fn prints(&self, words: &[&str]) -> &Self {
        words.iter().for_each(|words| assert!(self.stdout.contains(words), "{words:?} in stdout of {self}"));
        self
    }

    /// All of this is in the messages.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) -> &Self {
        words.iter().for_each(|words| assert!(self.stderr.contains(words), "{words:?} in stderr of {self}"));
        self
    }

    /// This is nowhere.
    #[track_caller]
    pub(crate) fn never_tells(&self, words: &str) -> &Self {
        assert!(!format!("{}{}", self.stdout, self.stderr).contains(words), "{words:?} in {self}");
        self
    }

    /// The document that was printed.
    #[track_caller]
    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in stdout of {self}"))
    }
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, stdout, stderr, words, took } = self;
        write!(f, "{words}\n{status} after {took:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n---")
    }
}

/// A saved document.
#[track_caller]
pub(crate) fn saved(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The only vector of a document.
#[track_caller]
pub(crate) fn vector(document: &Value) -> &Value {
    assert_eq!(document["vectors"].as_array().map(Vec::len), Some(1), "{document:#}");
    &document["vectors"][0]
}

/// The kinds of a vector's doubts.
pub(crate) fn doubts(vector: &Value) -> Vec<&str> {
    vector["doubts"].as_array().unwrap().iter().map(|doubt| doubt["kind"].as_str().unwrap()).collect()
}

/// All of these processes are gone, at once or soon.
pub(crate) fn wait_gone(processes: &[Identity]) {
    wait_until("all processes are gone", || !processes.iter().any(drip_proc::is_alive));
}
