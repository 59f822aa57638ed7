//! The floor of Node.js against real Node processes.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use drip_meter::floor::node;
use drip_meter::{Floor, Opened, Reading, Scope, Start, Target, attach};
use drip_model::Runtime;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Longest wait for something that happens within milliseconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A process that keeps what it is told to keep, itself or in a worker thread, and counts the memory of that
/// thread after a collection of its own.
const KEEPER: &str = r"
const { Worker, isMainThread, parentPort } = require('worker_threads');
const kept = [];
function keep(line) {
  const [what, count] = line.split(' ');
  for (let i = 0; i < count; i++) {
    if (what === 'objects') kept.push({ a: i, b: 'x'.repeat(100) + i });
    if (what === 'buffers') kept.push(Buffer.alloc(10000));
    if (what === 'shared') kept.push(new SharedArrayBuffer(10000));
    if (what === 'garbage') Buffer.alloc(100).toString('hex');
  }
  if (what === 'block') setTimeout(() => { for (;;); }, 20);
  gc(); gc();
  const used = process.memoryUsage();
  return used.heapUsed + used.external;
}
if (isMainThread) {
  let worker;
  const act = {
    start: () => {
      worker = new Worker(source, { eval: true });
      worker.once('online', () => console.log(0));
    },
    end: () => worker.terminate().then(() => console.log(0)),
    tell: line => { worker.once('message', held => console.log(held)); worker.postMessage(line); },
    exit: () => process.exit(0),
  };
  require('readline').createInterface({ input: process.stdin }).on('line', line => {
    const [verb, ...rest] = line.split(' ');
    if (act[verb]) act[verb](rest.join(' ')); else console.log(keep(line));
  });
  console.log('ready');
} else {
  parentPort.on('message', line => parentPort.postMessage(keep(line)));
}
";

/// A cluster whose first worker is replaced at each line that it reads.
const CLUSTER: &str = r"
const cluster = require('cluster');
if (cluster.isPrimary) {
  const start = then => {
    const worker = cluster.fork();
    worker.once('message', () => then());
    return worker;
  };
  let first = start(() => start(() => console.log('ready')));
  require('readline').createInterface({ input: process.stdin }).on('line', () => {
    first.once('exit', () => { first = start(() => console.log('replaced')); });
    first.kill('SIGKILL');
  });
} else {
  require('http').createServer().listen(0, '127.0.0.1', () => process.send('up'));
}
";

/// Starts another process, whose program is its argument, and is ready when that one is.
const PARENT: &str = "require('child_process').spawn(process.execPath, ['-e', process.argv[1]], \
    { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] }).on('message', () => console.log('ready'))";

/// Lives as long as its parent.
const CHILD: &str = "process.on('disconnect', () => process.exit()); process.send('up')";

/// Runs for ever.
const STAYS: &str = "setInterval(() => {}, 1e6); console.log('ready');";

struct Process {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts it as Drip would, and waits until it is ready.
    async fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, true).await
    }

    async fn keeper() -> Self {
        let source = format!("const source = {};\n{KEEPER}", serde_json::json!(KEEPER));
        Self::start(&["--expose-gc", "-e", &source]).await
    }

    async fn start_with(arguments: &[&str], prepared: bool) -> Self {
        let mut command = Command::new("node");
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.env_remove("NODE_OPTIONS");
        if prepared {
            let start =
                Start { command: &[], existing: &|_| None, preload: false, folder: Path::new("/nowhere") };
            command.envs((node::SOURCE.prepare)(&start).unwrap());
        }
        let mut child = command.kill_on_drop(true).spawn().expect("node is installed");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut process = Self { child, input, output: BufReader::new(output).lines() };
        assert_eq!(process.hear().await, "ready");
        process
    }

    async fn hear(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.output.next_line()).await;
        line.expect("it answers in time").unwrap().expect("it still speaks")
    }

    /// Does what it is told; what it says then.
    async fn say(&mut self, words: &str) -> String {
        self.input.write_all(format!("{words}\n").as_bytes()).await.unwrap();
        self.hear().await
    }

    /// Does what it is told; the bytes that it counts afterwards.
    async fn tell(&mut self, words: &str) -> i64 {
        self.say(words).await.parse().unwrap()
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    async fn attach(&self) -> Opened {
        attach(Runtime::Node, &target(self.pid())).await.map(|attached| attached.floor)
    }

    async fn floor(&self) -> Box<dyn Floor> {
        self.attach().await.unwrap_or_else(|reason| panic!("{reason}"))
    }

    async fn refusal(&self) -> String {
        self.attach().await.err().expect("it refuses")
    }

    fn ports(&self) -> Vec<u16> {
        ports(self.pid())
    }

    async fn has_no_port(&self) {
        eventually("no port is left open", || self.ports().is_empty()).await;
    }
}

fn target(owner: u32) -> Target {
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    Target { owners: vec![owner], scope: Scope::From(owner), address, folder: None, trace: None }
}

fn ports(pid: u32) -> Vec<u16> {
    drip_proc::listeners(&[pid]).iter().map(|listener| listener.address.port()).collect()
}

async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn read(floor: &mut dyn Floor) -> Reading {
    floor.collect().await.unwrap_or_else(|error| panic!("{error}"))
}

fn part(reading: &Reading, name: &str) -> i64 {
    reading.parts.iter().find(|part| part.name == name).unwrap().value.cast_signed()
}

/// What the floor says that was kept, and what the process itself says.
async fn grown_by(keeper: &mut Process, floor: &mut dyn Floor, words: &str) -> (i64, i64) {
    let nothing = if words.starts_with("tell ") { "tell nothing 0" } else { "nothing 0" };
    let own = keeper.tell(nothing).await;
    let seen = read(floor).await.value.cast_signed();
    let own_after = keeper.tell(words).await;
    (read(floor).await.value.cast_signed() - seen, own_after - own)
}

/// What is kept is seen as the thread itself counts it, and garbage is not. `to` is said before each word.
async fn check_growth(keeper: &mut Process, floor: &mut dyn Floor, to: &str) {
    // The first reading compiles what it runs.
    grown_by(keeper, floor, &format!("{to}garbage 1000")).await;
    for words in ["objects 60000", "buffers 2000"] {
        let (seen, own) = grown_by(keeper, floor, &format!("{to}{words}")).await;
        assert!(own > 15_000_000 && (seen - own).abs() < own / 20, "{words}: {seen} seen, {own} counted");
    }
    let (garbage, _) = grown_by(keeper, floor, &format!("{to}garbage 50000")).await;
    assert!(garbage.abs() < 500_000, "garbage: {garbage}");
}

#[tokio::test]
async fn what_is_kept_is_seen_as_the_process_counts_it_and_garbage_is_not() {
    let mut keeper = Process::keeper().await;
    let mut floor = keeper.floor().await;
    check_growth(&mut keeper, floor.as_mut(), "").await;
    assert!(floor.heap_limit().unwrap() > 100_000_000);
}

#[tokio::test]
async fn a_worker_thread_is_seen_as_it_counts_itself_and_is_gone_when_it_ended() {
    let mut keeper = Process::keeper().await;
    let mut floor = keeper.floor().await;
    let alone = read(floor.as_mut()).await;
    assert_eq!(part(&alone, "worker threads"), 0);
    keeper.tell("start").await;
    assert_eq!(part(&read(floor.as_mut()).await, "worker threads"), 1);
    check_growth(&mut keeper, floor.as_mut(), "tell ").await;
    keeper.tell("end").await;
    let after = read(floor.as_mut()).await;
    assert_eq!(part(&after, "worker threads"), 0);
    assert!(after.value < alone.value + 2_000_000, "{} after, {} before", after.value, alone.value);
}

#[tokio::test]
async fn the_parts_make_up_the_value_and_say_where_buffers_are() {
    let mut keeper = Process::keeper().await;
    let mut floor = keeper.floor().await;
    let first = read(floor.as_mut()).await;
    keeper.tell("buffers 1000").await;
    keeper.tell("shared 1000").await;
    let second = read(floor.as_mut()).await;
    let grown = |name| part(&second, name) - part(&first, name);
    assert!((20_000_000..21_000_000).contains(&grown("array buffers")), "{first:?} {second:?}");
    let sum = part(&second, "heap used") + part(&second, "external") + part(&second, "array buffers");
    assert_eq!(sum, second.value.cast_signed());
}

#[tokio::test]
async fn workers_of_a_cluster_are_followed_when_one_is_replaced() {
    check_cluster(true).await;
}

async fn check_cluster(prepared: bool) {
    // A cluster starts its workers from the file that it was started from itself.
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cluster-{prepared}.js"));
    std::fs::write(&file, CLUSTER).unwrap();
    let mut cluster = Process::start_with(&[file.to_str().unwrap()], prepared).await;
    let mut floor = cluster.floor().await;
    let before = read(floor.as_mut()).await;
    assert_eq!(cluster.say("replace").await, "replaced");
    let after = read(floor.as_mut()).await;
    assert_eq!((before.processes.len(), after.processes.len()), (3, 3));
    let stayed = after.processes.iter().filter(|process| before.processes.contains(process)).count();
    assert_eq!(stayed, 2);
    floor.close().await;
    let open = || after.processes.iter().map(|process| ports(process.pid).len()).sum::<usize>();
    eventually("only the server's own port is left, which the first process holds", || open() == 1).await;
}

/// One test, since there is only one default port.
#[tokio::test]
async fn processes_that_share_the_default_port_are_all_read() {
    let process = Process::start_with(&["-e", PARENT, CHILD], false).await;
    let mut floor = process.floor().await;
    assert_eq!(read(floor.as_mut()).await.processes.len(), 2);
    floor.close().await;
    let all = drip_proc::with_descendants(process.pid());
    eventually("no port is left open", || all.iter().all(|pid| ports(*pid).is_empty())).await;
    check_cluster(false).await;
}

#[tokio::test]
async fn the_port_is_closed_again_and_the_process_lives_on() {
    let mut keeper = Process::keeper().await;
    let floor = keeper.floor().await;
    assert_eq!(keeper.ports().len(), 1);
    floor.close().await;
    keeper.has_no_port().await;
    assert!(keeper.tell("objects 1").await > 0);
}

#[tokio::test]
async fn a_module_is_read_and_its_port_closed_again() {
    let module = ["--input-type=module", "-e", "setInterval(() => {}, 1e6); console.log('ready');"];
    let process = Process::start(&module).await;
    let mut floor = process.floor().await;
    assert!(read(floor.as_mut()).await.value > 1_000_000);
    floor.close().await;
    process.has_no_port().await;
}

#[tokio::test]
async fn an_inspector_that_the_user_opened_is_used_and_left_open() {
    let opened =
        "require('inspector').open(0, '127.0.0.1'); setInterval(() => {}, 1e6); console.log('ready');";
    for arguments in [vec!["--inspect=127.0.0.1:0", "-e", STAYS], vec!["-e", opened]] {
        let process = Process::start_with(&arguments, false).await;
        let before = process.ports();
        let mut floor = process.floor().await;
        assert!(read(floor.as_mut()).await.value > 1_000_000);
        floor.close().await;
        assert_eq!((before.len(), process.ports()), (1, before), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_service_that_exits_is_not_held_up_between_readings() {
    let mut keeper = Process::keeper().await;
    let mut floor = keeper.floor().await;
    read(floor.as_mut()).await;
    keeper.input.write_all(b"exit\n").await.unwrap();
    let status = tokio::time::timeout(PATIENCE, keeper.child.wait()).await;
    assert!(status.expect("it exits while the floor is attached").unwrap().success());
}

#[tokio::test]
async fn a_program_that_handles_the_signal_itself_is_refused_with_the_reason() {
    let handles = format!("process.on('SIGUSR1', () => console.log('handled')); {STAYS}");
    let mut process = Process::start(&["-e", &handles]).await;
    let reason = process.refusal().await;
    assert!(reason.contains("handles that signal itself"), "{reason}");
    assert_eq!(process.hear().await, "handled");
    assert!(process.child.try_wait().unwrap().is_none(), "it must live on");
}

#[tokio::test]
async fn a_program_that_does_not_listen_for_the_signal_is_never_signalled() {
    let deaf =
        format!("process.on('SIGUSR1', print); process.off('SIGUSR1', print); function print() {{}} {STAYS}");
    let mut process = Process::start(&["-e", &deaf]).await;
    assert!(process.refusal().await.contains("would end it"));
    assert!(process.child.try_wait().unwrap().is_none(), "it must live on");
}

#[tokio::test]
async fn a_child_that_refuses_and_does_not_serve_is_left_out() {
    let child = format!("process.on('SIGUSR1', () => {{}}); {CHILD}");
    let process = Process::start(&["-e", PARENT, &child]).await;
    let mut floor = process.floor().await;
    assert_eq!(read(floor.as_mut()).await.processes.len(), 1);
}

#[tokio::test]
async fn a_blocked_event_loop_is_an_error_with_its_reason_and_no_hang() {
    let (mut main, mut thread) = (Process::keeper().await, Process::keeper().await);
    let (mut of_main, mut of_thread) = (main.floor().await, thread.floor().await);
    thread.tell("start").await;
    main.tell("block 0").await;
    thread.tell("tell block 0").await;
    // The loops that block for ever have begun once both take processor time.
    for pid in [main.pid(), thread.pid()] {
        let (before, deadline) = (drip_proc::cpu_time(&[pid]), Instant::now() + Duration::from_secs(30));
        while drip_proc::cpu_time(&[pid]) < before + Duration::from_millis(200) {
            assert!(Instant::now() < deadline, "process {pid} does not loop");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let (main_error, thread_error) = tokio::join!(of_main.collect(), of_thread.collect());
    let main_error = main_error.unwrap_err().to_string();
    assert!(main_error.contains(&format!("process {}", main.pid())) && main_error.contains("is blocked"));
    assert!(thread_error.unwrap_err().to_string().contains("worker thread 1 is blocked"));
}

#[tokio::test]
async fn a_process_that_is_not_node_is_never_signalled() {
    let mut sleeper = Command::new("sleep").arg("60").kill_on_drop(true).spawn().unwrap();
    assert!(attach(Runtime::Node, &target(sleeper.id().unwrap())).await.is_err());
    assert!(sleeper.try_wait().unwrap().is_none(), "it must live on");
}

#[tokio::test]
async fn a_service_that_died_is_an_error_and_no_hang() {
    let mut keeper = Process::keeper().await;
    let mut floor = keeper.floor().await;
    keeper.child.kill().await.unwrap();
    assert!(floor.collect().await.is_err());
}
