//! The floors of Go against real Go programs, built here.
//!
//! Names begin with `go_`, so that they can be left out where there is no Go.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use drip_meter::floor::go::{gctrace, overlay, pprof};
use drip_meter::{Floor, FloorSource, Reading, Scope, Start, Target, TraceLine, Variables, attach};
use drip_model::{Runtime, Signal};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A build on a busy machine, with an empty cache.
const PATIENCE: Duration = Duration::from_secs(240);
const MEGABYTE: i64 = 1 << 20;
const SMALLEST_STACK: i64 = 2048;
/// Stacks are counted in spans of this size, which come and go.
const STACK_SPAN: i64 = 32 * 1024;

/// Keeps what it is told to keep, counts its own memory after collections of its own, ends with its input.
const KEEPER: &str = r#"
package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"
)

var (
	kept    [][]byte
	garbage []byte
	never   = make(chan int)
	handler = http.Handler(http.NotFoundHandler())
	second  http.Handler
)

func listen(handler http.Handler) net.Addr {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, handler)
	return listener.Addr()
}

func main() {
	address := listen(handler)
	if second != nil {
		listen(second)
	}
	fmt.Println(os.Getpid(), address)
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		var what string
		var count int
		fmt.Sscan(strings.TrimSpace(input.Text()), &what, &count)
		for i := 0; i < count; i++ {
			switch what {
			case "objects":
				kept = append(kept, make([]byte, 200))
			case "garbage":
				garbage = make([]byte, 1000)
			case "goroutines":
				go func() { <-never }()
			}
		}
		time.Sleep(20 * time.Millisecond)
		runtime.GC()
		runtime.GC()
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		fmt.Println(memory.HeapAlloc+memory.StackInuse, runtime.NumGoroutine())
	}
}
"#;

/// Serves the package's own pages, on the service's port or on another, or a page for every path.
const PPROF: &str = r#"
package main

import (
	"net/http"
	"net/http/pprof"
	"os"
)

func init() {
	pages := http.NewServeMux()
	pages.HandleFunc("/debug/pprof/", pprof.Index)
	switch os.Getenv("PAGES") {
	case "own":
		handler = pages
	case "second":
		second = pages
	case "closing":
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close")
			pages.ServeHTTP(w, r)
		})
	case "catch-all":
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte("<html># HeapAlloc = 12\n# Stack = 3 / 4\ngoroutine profile: total 5\n</html>"))
		})
	}
}
"#;

/// A folder that is gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("drip-go-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A module in a folder of its own.
fn module(sources: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    std::fs::write(folder.path().join("go.mod"), "module example.com/keeper\n\ngo 1.19\n").unwrap();
    for (name, text) in sources {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// An executable that is built once for all tests, stripped.
fn built(name: &str, sources: &[(&str, &str)]) -> PathBuf {
    let folder = module(sources);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut go = std::process::Command::new("go");
    go.args(["build", "-ldflags", "-s -w", "-o"]).arg(&path).arg(".").current_dir(folder.path());
    assert!(go.status().expect("Go is installed").success());
    path
}

fn plain_keeper() -> String {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| built("go-keeper", &[("main.go", KEEPER)])).display().to_string()
}

fn pprof_keeper() -> String {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let sources = [("main.go", KEEPER), ("pprof.go", PPROF)];
    PATH.get_or_init(|| built("go-keeper-pprof", &sources)).display().to_string()
}

fn words(command: &[&str]) -> Vec<String> {
    command.iter().map(|word| (*word).to_owned()).collect()
}

/// What a floor prepares for a command, in an environment of one variable beside our own.
fn prepared(
    source: &FloorSource,
    command: &[&str],
    variable: (&str, &str),
    folder: &Path,
) -> std::io::Result<Variables> {
    let existing = |name: &str| {
        if name == variable.0 { Some(variable.1.to_owned()) } else { std::env::var(name).ok() }
    };
    (source.prepare)(&Start { command: &words(command), existing: &existing, preload: false, folder })
}

struct Keeper {
    _child: Child,
    pid: u32,
    address: SocketAddr,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// What reached its standard error and is ours.
    trace: Arc<Mutex<Vec<String>>>,
    /// What reached its standard error and is not ours.
    log: Arc<Mutex<Vec<String>>>,
    folder: Folder,
}

impl Keeper {
    /// Starts it in a folder, with what the floor prepares for it.
    async fn start(source: &FloorSource, command: &[&str], at: &Path, variable: (&str, &str)) -> Self {
        let folder = Folder::new();
        let variables = prepared(source, command, variable, folder.path()).unwrap();
        let mut child = Command::new(command[0])
            .args(&command[1..])
            .current_dir(at)
            .env(variable.0, variable.1)
            .env(drip_meter::FOLDER_VARIABLE, drip_meter::make_sockets(folder.path()).unwrap())
            .envs(variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let (trace, log) = sieve(child.stderr.take().unwrap(), source.is_ours);
        let first = tokio::time::timeout(PATIENCE, output.next_line()).await.expect("it starts in time");
        let first = first.unwrap().unwrap_or_else(|| panic!("it ended: {:?}", log.lock().unwrap()));
        let (pid, address) = first.split_once(' ').unwrap();
        let (pid, address) = (pid.parse().unwrap(), address.parse().unwrap());
        Self { _child: child, pid, address, input, output, trace, log, folder }
    }

    /// Does what it is told; the bytes and goroutines that it counts afterwards.
    async fn tell(&mut self, order: &str) -> (i64, i64) {
        self.input.write_all(format!("{order}\n").as_bytes()).await.unwrap();
        let line = self.output.next_line().await.unwrap().expect("it still speaks");
        let (bytes, goroutines) = line.split_once(' ').unwrap();
        (bytes.parse().unwrap(), goroutines.parse().unwrap())
    }

    fn target(&self) -> Target {
        let trace = Arc::clone(&self.trace);
        Target {
            owners: vec![self.pid],
            scope: Scope::From(self.pid),
            address: self.address,
            folder: Some(self.folder.path().to_owned()),
            trace: Some(Arc::new(move || last_of(&trace.lock().unwrap()))),
        }
    }

    async fn floor(&self, source: &FloorSource) -> Result<Box<dyn Floor>, String> {
        (source.attach)(self.target()).await
    }
}

fn last_of(lines: &[String]) -> Option<TraceLine> {
    Some(TraceLine { number: lines.len() as u64, text: lines.last()?.clone() })
}

type SharedLines = Arc<Mutex<Vec<String>>>;

/// Takes the lines that are ours out of what a service prints.
fn sieve(
    stream: impl AsyncRead + Unpin + Send + 'static,
    is_ours: Option<fn(&str) -> bool>,
) -> (SharedLines, SharedLines) {
    let (trace, log) = (SharedLines::default(), SharedLines::default());
    let sieved = (Arc::clone(&trace), Arc::clone(&log));
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(text)) = lines.next_line().await {
            let to = if is_ours.is_some_and(|is_ours| is_ours(&text)) { &trace } else { &log };
            to.lock().unwrap().push(text);
        }
    });
    sieved
}

fn part(reading: &Reading, name: &str) -> i64 {
    reading.parts.iter().find(|part| part.name == name).unwrap().value.cast_signed()
}

/// What the floor sees of something that is done, and what the process itself counts of it.
async fn grown_by(keeper: &mut Keeper, floor: &mut dyn Floor, order: &str) -> (i64, i64) {
    let (own, _) = keeper.tell("nothing 0").await;
    let seen = floor.collect().await.unwrap().value.cast_signed();
    let (own_after, _) = keeper.tell(order).await;
    (floor.collect().await.unwrap().value.cast_signed() - seen, own_after - own)
}

/// What is kept is seen within 5 % of the program's own count, in heap and stacks; garbage is not seen.
async fn check_floor(keeper: &mut Keeper, floor: &mut dyn Floor) {
    assert_eq!(floor.signal(), Signal::LiveHeap);
    // The first reading makes buffers that stay.
    grown_by(keeper, floor, "garbage 1000").await;
    for order in ["objects 50000", "goroutines 2000"] {
        let before = floor.collect().await.unwrap();
        let (seen, own) = grown_by(keeper, floor, order).await;
        assert!(own > 4_000_000 && (seen - own).abs() < own / 20, "{order}: {seen} seen, {own} counted");
        let after = floor.collect().await.unwrap();
        let more = ["goroutines", "stacks"].map(|name| part(&after, name) - part(&before, name));
        let expected = if order.starts_with("goroutines") { 2000 } else { 0 };
        assert!((more[0] - expected).abs() <= 3, "{order}: {more:?} more");
        assert!(more[1] > expected * SMALLEST_STACK - 4 * STACK_SPAN, "{order}: {more:?} more");
        assert_eq!(part(&after, "heap") + part(&after, "stacks"), after.value.cast_signed());
    }
    let (garbage, _) = grown_by(keeper, floor, "garbage 100000").await;
    assert!(garbage.abs() < 150_000, "garbage: {garbage}");
}

/// Every file of a folder, with its content.
fn listing(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
}

const NOTHING_SET: (&str, &str) = ("DRIP_TEST", "");

#[tokio::test]
async fn overlay_reads_a_service_that_is_run_from_source_and_leaves_its_folder_alone() {
    let module = module(&[("main.go", KEEPER)]);
    let before = listing(module.path());
    let mut keeper = Keeper::start(&overlay::SOURCE, &["go", "run", "."], module.path(), NOTHING_SET).await;
    let mut floor = keeper.floor(&overlay::SOURCE).await.unwrap_or_else(|why| panic!("{why}"));
    let (_, own) = keeper.tell("nothing 0").await;
    // The hook's own goroutine, which the service counts too, is not told.
    assert_eq!(part(&floor.collect().await.unwrap(), "goroutines"), own - 1);
    check_floor(&mut keeper, floor.as_mut()).await;
    floor.close().await;
    assert_eq!(listing(module.path()), before);
}

#[tokio::test]
async fn overlay_is_built_in_whatever_way_the_service_is_built() {
    let module = module(&[("main.go", KEEPER)]);
    let ways = [
        ("", "go run main.go"),
        ("-mod=readonly", "go build -o /dev/null . && exec go run ."),
        ("-mod=vendor", "go run -ldflags '-s -w' ."),
    ];
    for (flags, line) in ways {
        let command = ["sh", "-c", line];
        let keeper = Keeper::start(&overlay::SOURCE, &command, module.path(), ("GOFLAGS", flags)).await;
        let attached = attach(Runtime::Go, &keeper.target()).await.map_err(|why| panic!("{line}: {why}"));
        assert_eq!(attached.map(|attached| attached.source.name), Ok("go-overlay"), "{line}");
    }
}

#[tokio::test]
async fn overlay_of_the_user_is_respected() {
    let folder = Folder::new();
    let refusal = |command: &[&str], flags: &str| {
        let answer = prepared(&overlay::SOURCE, command, ("GOFLAGS", flags), folder.path());
        assert!(answer.unwrap_err().to_string().contains("-overlay of its own"), "{command:?} {flags}");
    };
    refusal(&["go", "run", "."], "-mod=mod -overlay=mine.json");
    refusal(&["sh", "-c", "go run -overlay=mine.json ."], "");
    assert_eq!(listing(folder.path()), BTreeMap::new());
}

#[tokio::test]
async fn overlay_is_not_prepared_for_other_commands() {
    let folder = Folder::new();
    let variables = prepared(&overlay::SOURCE, &["node", "go.js"], NOTHING_SET, folder.path()).unwrap();
    assert_eq!((variables, listing(folder.path())), (Vec::new(), BTreeMap::new()));
}

#[tokio::test]
async fn service_that_died_is_an_error_and_no_hang() {
    let module = module(&[("main.go", KEEPER)]);
    let keeper = Keeper::start(&overlay::SOURCE, &["go", "run", "."], module.path(), NOTHING_SET).await;
    let mut floor = keeper.floor(&overlay::SOURCE).await.unwrap_or_else(|why| panic!("{why}"));
    let process = drip_proc::identity(keeper.pid).unwrap();
    let Keeper { input, folder: _folder, _child, .. } = keeper;
    drop(input);
    until("it ends with its input", || !drip_proc::is_alive(&process)).await;
    assert!(floor.collect().await.is_err());
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn pprof_is_found_on_the_port_of_the_service_or_on_another() {
    let (command, here) = (pprof_keeper(), Folder::new());
    for pages in ["own", "second", "closing"] {
        let mut keeper = Keeper::start(&pprof::SOURCE, &[&command], here.path(), ("PAGES", pages)).await;
        let mut floor = keeper.floor(&pprof::SOURCE).await.unwrap_or_else(|why| panic!("{pages}: {why}"));
        check_floor(&mut keeper, floor.as_mut()).await;
    }
}

#[tokio::test]
async fn pprof_is_not_taken_from_a_page_for_every_path() {
    let here = Folder::new();
    for (command, pages) in
        [(pprof_keeper(), "catch-all"), (pprof_keeper(), "none"), (plain_keeper(), "none")]
    {
        let keeper = Keeper::start(&pprof::SOURCE, &[&command], here.path(), ("PAGES", pages)).await;
        let Err(why) = keeper.floor(&pprof::SOURCE).await else { panic!("{pages}: it was taken") };
        assert!(why.contains("net/http/pprof"), "{pages}: {why}");
    }
}

#[tokio::test]
async fn pprof_sums_over_processes_and_refuses_when_one_of_them_is_missing() {
    let (serving, mute, here) = (pprof_keeper(), plain_keeper(), Folder::new());
    let one = Keeper::start(&pprof::SOURCE, &[&serving], here.path(), ("PAGES", "own")).await;
    let mut other = Keeper::start(&pprof::SOURCE, &[&serving], here.path(), ("PAGES", "second")).await;
    let missing = Keeper::start(&pprof::SOURCE, &[&mute], here.path(), NOTHING_SET).await;
    let mut target = one.target();
    target.owners = vec![one.pid, other.pid];
    let mut floor = (pprof::SOURCE.attach)(target.clone()).await.unwrap_or_else(|why| panic!("{why}"));
    let (seen, own) = grown_by(&mut other, floor.as_mut(), "objects 50000").await;
    assert!(own > 4_000_000 && (seen - own).abs() < own / 20, "{seen} seen, {own} counted");
    assert_eq!(floor.collect().await.unwrap().processes.len(), 2);
    target.owners.push(missing.pid);
    let Err(why) = (pprof::SOURCE.attach)(target).await else { panic!("one of three was not read") };
    assert!(why.contains(&missing.pid.to_string()), "{why}");
}

#[tokio::test]
async fn gctrace_of_several_processes_is_refused() {
    let (command, here) = (plain_keeper(), Folder::new());
    let one = Keeper::start(&gctrace::SOURCE, &[&command], here.path(), NOTHING_SET).await;
    let _other = Keeper::start(&gctrace::SOURCE, &[&command], here.path(), NOTHING_SET).await;
    let target = Target { scope: Scope::From(std::process::id()), ..one.target() };
    let Err(why) = (gctrace::SOURCE.attach)(target).await else { panic!("lines carry no process") };
    assert!(why.contains("several processes"), "{why}");
}

#[tokio::test]
async fn gctrace_reads_a_stripped_executable_and_its_lines_are_ours() {
    let (command, here) = (plain_keeper(), Folder::new());
    let mut keeper =
        Keeper::start(&gctrace::SOURCE, &[&command], here.path(), ("GODEBUG", "madvdontneed=1")).await;
    let mut floor = keeper.floor(&gctrace::SOURCE).await.unwrap_or_else(|why| panic!("{why}"));
    assert_eq!((floor.signal(), floor.resolution()), (Signal::HeapAfterGc, 1 << 20));
    let (own, _) = keeper.tell("garbage 100000").await;
    let before = read_after_orders(&keeper, floor.as_mut(), 1).await;
    let (own_after, _) = keeper.tell("objects 100000").await;
    let grown = read_after_orders(&keeper, floor.as_mut(), 2).await - before;
    let expected = own_after - own;
    assert!((grown - expected).abs() <= 2 * MEGABYTE && grown > 15 * MEGABYTE, "{grown} of {expected}");
    assert_eq!(keeper.log.lock().unwrap().as_slice(), [] as [&str; 0]);
}

/// The program forces two collections at the end of each order; their lines may come later than its answer.
async fn read_after_orders(keeper: &Keeper, floor: &mut dyn Floor, orders: usize) -> i64 {
    let forced = || keeper.trace.lock().unwrap().iter().filter(|line| line.ends_with("(forced)")).count();
    until("it collects", || forced() == 2 * orders).await;
    let value = floor.collect().await.unwrap().value.cast_signed();
    let stale = floor.collect().await.unwrap_err().to_string();
    assert!(stale.contains("no collection happened since the last reading"), "{stale}");
    value
}

#[tokio::test]
async fn gctrace_is_prepared_for_an_executable_of_go_alone() {
    let (keeper, folder) = (plain_keeper(), Folder::new());
    let check = |command: &[&str], debug: &str, expected: &[(&str, &str)]| {
        let variables = prepared(&gctrace::SOURCE, command, ("GODEBUG", debug), folder.path()).unwrap();
        let expected: Variables =
            expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(variables, expected, "{command:?} {debug}");
    };
    check(&[&keeper, "--port", "1"], "", &[("GODEBUG", "gctrace=1")]);
    check(&[&keeper], "http2debug=1", &[("GODEBUG", "http2debug=1,gctrace=1")]);
    check(&["sh", "-c", &format!("PORT=1 exec {keeper} --x")], "", &[("GODEBUG", "gctrace=1")]);
    // The toolchain's own trace would be kept in the build cache.
    check(&["go", "run", "."], "", &[]);
    check(&["sh", "-c", &format!("make && {keeper}")], "", &[]);
    check(&["go", "build"], "", &[]);
    check(&["sleep", "1"], "", &[]);
    let refused = prepared(&gctrace::SOURCE, &[&keeper], ("GODEBUG", "gctrace=2"), folder.path());
    assert!(refused.unwrap_err().to_string().contains("gctrace already"));
}
