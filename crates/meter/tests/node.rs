//! The floor of Node.js against real Node processes.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::process::Stdio;
use std::time::{Duration, Instant};

use drip_meter::{Floor, Opened, attach, environment};
use drip_model::Runtime;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A process that keeps what it is told to keep, and counts its own memory after a collection of its own.
const KEEPER: &str = "
const kept = []; const buffers = [];
require('readline').createInterface({ input: process.stdin }).on('line', line => {
  const [what, count] = line.split(' ');
  for (let i = 0; i < count; i++) {
    if (what === 'objects') kept.push({ a: i, b: 'x'.repeat(100) + i });
    if (what === 'buffers') buffers.push(Buffer.alloc(10000));
    if (what === 'garbage') Buffer.alloc(100).toString('hex');
  }
  gc(); gc();
  const used = process.memoryUsage();
  console.log(used.heapUsed + used.external);
});
console.log('ready');
";

struct Keeper {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Keeper {
    async fn start(arguments: &[&str], prepared: bool) -> Self {
        let mut command = Command::new("node");
        command
            .args(arguments)
            .args(["--expose-gc", "-e", KEEPER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if prepared {
            command.envs(environment(&|_| None));
        }
        let mut child = command.kill_on_drop(true).spawn().expect("node is installed");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut keeper = Self { child, input, output: BufReader::new(output).lines() };
        assert_eq!(keeper.hear().await, "ready");
        keeper
    }

    async fn hear(&mut self) -> String {
        self.output.next_line().await.unwrap().expect("it still speaks")
    }

    /// Does what it is told; the bytes that it counts afterwards.
    async fn tell(&mut self, words: &str) -> i64 {
        self.input.write_all(format!("{words}\n").as_bytes()).await.unwrap();
        self.hear().await.parse().unwrap()
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    async fn floor(&self) -> Box<dyn Floor> {
        match attach(Runtime::Node, vec![self.pid()]).await {
            Opened::Yes(floor) => floor,
            Opened::No(reason) => panic!("{reason}"),
        }
    }

    fn ports(&self) -> Vec<u16> {
        drip_proc::listeners(&[self.pid()]).iter().map(|listener| listener.address.port()).collect()
    }
}

/// What the floor says that was kept, and what the process itself says.
async fn grown_by(keeper: &mut Keeper, floor: &mut dyn Floor, words: &str) -> (i64, i64) {
    let (own, seen) = (keeper.tell("nothing 0").await, floor.collect().await.unwrap().value.cast_signed());
    let own_after = keeper.tell(words).await;
    (floor.collect().await.unwrap().value.cast_signed() - seen, own_after - own)
}

#[tokio::test]
async fn what_is_kept_is_seen_as_the_process_counts_it_and_garbage_is_not() {
    let mut keeper = Keeper::start(&[], true).await;
    let mut floor = keeper.floor().await;
    // The first reading compiles what it runs.
    grown_by(&mut keeper, floor.as_mut(), "garbage 1000").await;
    for words in ["objects 20000", "buffers 500"] {
        let (seen, own) = grown_by(&mut keeper, floor.as_mut(), words).await;
        assert!(own > 3_000_000 && (seen - own).abs() < own / 20, "{words}: {seen} seen, {own} counted");
    }
    let (garbage, _) = grown_by(&mut keeper, floor.as_mut(), "garbage 50000").await;
    assert!(garbage.abs() < 100_000, "garbage: {garbage}");
    assert!(floor.heap_limit().unwrap() > 100_000_000);
}

#[tokio::test]
async fn the_port_is_closed_again_and_the_process_lives_on() {
    let mut keeper = Keeper::start(&[], true).await;
    let floor = keeper.floor().await;
    assert_eq!(keeper.ports().len(), 1);
    floor.close().await;
    let deadline = Instant::now() + Duration::from_secs(5);
    while !keeper.ports().is_empty() {
        assert!(Instant::now() < deadline, "the inspector's port is still open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(keeper.tell("objects 1").await > 0);
}

#[tokio::test]
async fn an_inspector_that_the_user_opened_is_used_and_left_open() {
    let keeper = Keeper::start(&["--inspect=127.0.0.1:0"], false).await;
    let before = keeper.ports();
    let mut floor = keeper.floor().await;
    assert!(floor.collect().await.unwrap().value > 1_000_000);
    floor.close().await;
    assert_eq!((before.len(), keeper.ports()), (1, before));
}

#[tokio::test]
async fn a_process_that_is_not_node_is_never_signalled() {
    let mut sleeper = Command::new("sleep").arg("60").kill_on_drop(true).spawn().unwrap();
    let opened = attach(Runtime::Node, vec![sleeper.id().unwrap()]).await;
    assert!(matches!(opened, Opened::No(_)));
    assert!(sleeper.try_wait().unwrap().is_none(), "it must live on");
}

#[tokio::test]
async fn a_service_that_died_is_an_error_and_no_hang() {
    let mut keeper = Keeper::start(&[], true).await;
    let mut floor = keeper.floor().await;
    keeper.child.kill().await.unwrap();
    assert!(floor.collect().await.is_err());
}
