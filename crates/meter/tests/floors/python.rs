//! The floor of CPython against real Python processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use drip_meter::{Existing, Floor, Reading, Scope, Start, Target, attach, prepare};
use drip_model::{Runtime, Signal};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A process that does what it is told and answers with one line.
const KEEPER: &str = r#"
import ctypes, gc, os, sys, threading
kept, native = [], ctypes.CDLL(None)
native.malloc.restype = ctypes.c_void_p

def do(what, count):
    if what == "objects":
        before = len(kept)
        kept.extend("x" * 400 + str(i) for i in range(count))
        return sum(map(sys.getsizeof, kept[before:]))
    if what == "native":
        for i in range(count):
            native.malloc(ctypes.c_size_t(1000))
        return count * 1000
    if what == "cycles":
        for i in range(count):
            cycle = {"text": "x" * 100 + str(i)}
            cycle["self"] = cycle
        return 0
    if what == "fork":
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(theirs)
            kept.extend(["y" * 100 + str(i) for i in range(count)])
            os.read(ours, 1)
            os._exit(0)
        return pid
    if what == "forks":
        failed = 0
        for i in range(count):
            pid = os.fork()
            if pid == 0:
                gc.disable()
                cycle = []
                cycle.append(cycle)
                del cycle
                os._exit(0 if gc.collect() > 0 else 1)
            failed += os.waitpid(pid, 0)[1] != 0
        return failed
    if what == "threads":
        return len(threading.enumerate())
    if what == "close":
        return os.closerange(3, 1000)
    return eval(what)

print("ready", flush=True)
for line in sys.stdin:
    what, count = line.split()
    print(do(what, int(count)), flush=True)
"#;

/// Like a server with workers: on SIGTERM it ends them, waits for them and exits.
const MASTER: &str = r#"
import os, signal, sys, time
def end(*_):
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
workers = []
for _ in range(2):
    pid = os.fork()
    if pid == 0:
        while True:
            time.sleep(60)
    workers.append(pid)
print("ready", flush=True)
try:
    signal.pause()
finally:
    for pid in workers:
        os.kill(pid, signal.SIGTERM)
    for pid in workers:
        assert os.waitpid(pid, 0)[1] == 0
"#;

/// The private folder of a run.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("drip-python-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Python as Drip would start it.
    fn python(&self, arguments: &[&str], existing: Existing<'_>) -> Command {
        let prepared = prepare(&Start { command: &[], existing, preload: false, folder: &self.0 });
        let mut command = Command::new("python3");
        command
            .args(arguments)
            .envs(prepared.variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    fn sockets(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(drip_meter::sockets(&self.0)).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "sock")).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Keeper {
    folder: Folder,
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Keeper {
    async fn start() -> Self {
        let folder = Folder::new();
        let command = folder.python(&["-c", KEEPER], &|_| None);
        Self::of(folder, command).await
    }

    async fn of(folder: Folder, mut command: Command) -> Self {
        let mut child = command.spawn().expect("python3 is installed");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut keeper = Self { folder, child, input, output: BufReader::new(output).lines() };
        assert_eq!(keeper.hear().await, "ready");
        keeper
    }

    async fn hear(&mut self) -> String {
        self.output.next_line().await.unwrap().expect("it still speaks")
    }

    async fn tell(&mut self, words: &str) -> String {
        self.input.write_all(format!("{words}\n").as_bytes()).await.unwrap();
        self.hear().await
    }

    fn target(&self) -> Target {
        let pid = self.child.id().unwrap();
        Target {
            owners: vec![pid],
            scope: Scope::From(pid),
            address: "127.0.0.1:1".parse().unwrap(),
            folder: Some(self.folder.0.clone()),
            trace: None,
        }
    }

    async fn floor(&self) -> Box<dyn Floor> {
        attach(Runtime::Python, &self.target()).await.map(|attached| attached.floor).unwrap()
    }

    async fn refusal(&self) -> String {
        attach(Runtime::Python, &self.target()).await.map(|_| ()).unwrap_err()
    }

    /// Ends its input; everything that it printed to the error output.
    async fn end(self) -> (Output, Folder) {
        drop((self.input, self.output));
        (self.child.wait_with_output().await.unwrap(), self.folder)
    }
}

fn part(reading: &Reading, name: &str) -> i64 {
    reading.parts.iter().find(|part| part.name == name).unwrap().value.cast_signed()
}

/// By how much the floor and its blocks grow while the process does as told, and the bytes that it counts itself.
async fn grown_by(keeper: &mut Keeper, floor: &mut dyn Floor, words: &str) -> (i64, i64, i64) {
    let before = floor.collect().await.unwrap();
    let own = keeper.tell(words).await.parse().unwrap();
    let after = floor.collect().await.unwrap();
    let blocks = part(&after, "blocks") - part(&before, "blocks");
    (after.value.cast_signed() - before.value.cast_signed(), blocks, own)
}

#[tokio::test]
async fn what_is_kept_is_seen_as_the_process_counts_it_and_garbage_is_not() {
    let mut keeper = Keeper::start().await;
    let mut floor = keeper.floor().await;
    let floor = floor.as_mut();
    for words in ["cycles 10", "objects 10"] {
        grown_by(&mut keeper, floor, words).await;
    }
    let (seen, blocks, own) = grown_by(&mut keeper, floor, "objects 20000").await;
    assert!((seen - own).abs() < own / 20, "{seen} seen, {own} counted");
    assert!((blocks - 20_000).abs() < 100, "one object each: {blocks}");
    let (seen, blocks, own) = grown_by(&mut keeper, floor, "native 5000").await;
    assert!((seen - own).abs() < own / 20, "of C: {seen} seen, {own} counted");
    assert!(blocks.abs() < 100, "memory of C is no object: {blocks}");
    let (garbage, ..) = grown_by(&mut keeper, floor, "cycles 20000").await;
    assert!(garbage.abs() < 50_000, "garbage: {garbage}");
    assert_eq!(floor.signal(), Signal::LiveHeap);
}

#[tokio::test]
async fn a_forked_worker_answers_for_itself_also_when_it_comes_later() {
    let mut keeper = Keeper::start().await;
    let mut floor = keeper.floor().await;
    let alone = floor.collect().await.unwrap();
    let worker: u32 = keeper.tell("fork 20000").await.parse().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let both = floor.collect().await.unwrap();
        let pids: Vec<u32> = both.processes.iter().map(|process| process.pid).collect();
        // The worker may not listen yet, or still be at it.
        let is_complete = pids.contains(&worker) && pids.len() == 2;
        if is_complete && both.value > alone.value * 2 + 2_000_000 {
            break;
        }
        assert!(Instant::now() < deadline, "{both:?} {alone:?}");
    }
}

#[tokio::test]
async fn a_service_that_forks_while_it_is_read_has_children_that_collect() {
    let mut keeper = Keeper::start().await;
    let mut floor = keeper.floor().await;
    let readings = async {
        for _ in 0..5 {
            floor.collect().await.unwrap();
        }
    };
    let (failed, ()) = tokio::join!(keeper.tell("forks 50"), readings);
    assert_eq!(failed, "0");
    assert!(floor.collect().await.is_ok());
}

#[tokio::test]
async fn the_service_does_not_see_the_hook() {
    let mut keeper = Keeper::start().await;
    let mut floor = keeper.floor().await;
    floor.collect().await.unwrap();
    assert_eq!(keeper.tell("threads 0").await, "1");
    assert_eq!(keeper.tell("threading.current_thread()is(threading.main_thread()) 0").await, "True");
    assert_eq!(keeper.tell("'sitecustomize'in(sys.modules) 0").await, "False");
    let folder = keeper.folder.0.display().to_string();
    assert_eq!(keeper.tell(&format!("'{folder}'in(str(sys.path)) 0")).await, "False");
    assert_eq!(keeper.folder.sockets().len(), 1);
    let (output, folder) = keeper.end().await;
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(folder.sockets(), Vec::<PathBuf>::new());
}

/// Starts with a `sitecustomize` of the user's own.
async fn with_own(text: &str) -> Keeper {
    let folder = Folder::new();
    let own = folder.0.join("own");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("sitecustomize.py"), text).unwrap();
    let path = own.display().to_string();
    let command = folder.python(&["-c", KEEPER], &|name| (name == "PYTHONPATH").then(|| path.clone()));
    Keeper::of(folder, command).await
}

#[tokio::test]
async fn a_sitecustomize_of_the_user_is_run_as_without_us() {
    let mut keeper = with_own("mark = __name__ + '!'").await;
    assert_eq!(keeper.tell("sys.modules['sitecustomize'].mark 0").await, "sitecustomize!");
    let file = keeper.tell("sys.modules['sitecustomize'].__file__ 0").await;
    assert!(Path::new(&file).starts_with(keeper.folder.0.join("own")), "{file}");
    assert!(keeper.floor().await.collect().await.is_ok());
}

#[tokio::test]
async fn a_sitecustomize_of_the_user_that_fails_does_so_as_without_us() {
    let keeper = with_own("raise ValueError('broken')").await;
    assert!(keeper.floor().await.collect().await.is_ok());
    let (output, _folder) = keeper.end().await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.starts_with("Error in sitecustomize") && errors.contains("ValueError: broken"),
        "{errors}"
    );
}

#[tokio::test]
async fn a_service_that_closes_all_descriptors_still_answers() {
    let mut keeper = Keeper::start().await;
    let mut floor = keeper.floor().await;
    keeper.tell("close 0").await;
    // The hook notices in its own time that its socket is gone; readings until then are missed.
    let again = async { while floor.collect().await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(10), again).await.expect("it listens again");
    for _ in 0..3 {
        floor.collect().await.unwrap();
    }
}

#[tokio::test]
async fn a_master_that_is_told_to_end_does_so_with_its_workers() {
    let folder = Folder::new();
    let command = folder.python(&["-W", "error", "-c", MASTER], &|_| None);
    let keeper = Keeper::of(folder, command).await;
    let mut floor = keeper.floor().await;
    assert_eq!(floor.collect().await.unwrap().processes.len(), 3);
    let pid = keeper.child.id().unwrap().to_string();
    assert!(Command::new("kill").arg(pid).status().await.unwrap().success());
    let (output, folder) = tokio::time::timeout(Duration::from_secs(10), keeper.end()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(folder.sockets(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn an_option_that_keeps_the_hook_out_is_named() {
    for (option, named) in [("-I", "option -I"), ("-sE", "option -E"), ("-S", "option -S")] {
        let folder = Folder::new();
        let command = folder.python(&[option, "-c", KEEPER], &|_| None);
        let reason = Keeper::of(folder, command).await.refusal().await;
        assert!(reason.contains(named), "{reason}");
    }
}

#[tokio::test]
async fn another_environment_is_named() {
    let folder = Folder::new();
    let mut command = folder.python(&["-c", KEEPER], &|_| None);
    command.env_remove("DRIP_FLOOR").env_remove("PYTHONPATH");
    let reason = Keeper::of(folder, command).await.refusal().await;
    assert!(reason.contains("another environment"), "{reason}");

    let folder = Folder::new();
    let mut command = folder.python(&["-c", KEEPER], &|_| None);
    command.env("PYTHONPATH", "src");
    let reason = Keeper::of(folder, command).await.refusal().await;
    assert!(reason.contains("PYTHONPATH"), "{reason}");
}

#[tokio::test]
async fn a_service_that_died_is_an_error_and_no_hang() {
    let mut keeper = Keeper::start().await;
    let mut floor = keeper.floor().await;
    keeper.child.kill().await.unwrap();
    assert!(floor.collect().await.is_err());
}
