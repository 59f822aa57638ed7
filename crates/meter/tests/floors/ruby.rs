//! The floor of Ruby against real Ruby processes.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use drip_meter::floor::ruby::SOURCE;
use drip_meter::source::anon::Anon;
use drip_meter::{FOLDER_VARIABLE, Floor, Meter, Opened, Scope, Start, Target, Variables};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A process that keeps what it is told to keep, and counts its own memory after a collection of its own.
const KEEPER: &str = r#"
require "objspace"
require "fiddle"
$stdout.sync = true
kept = []
closure = lambda { |i| a = b = c = d = i; lambda { a + b + c + d } }
puts "ready"
while (line = $stdin.gets)
  what, count = line.split
  count.to_i.times do |i|
    case what
    when "objects" then kept << { a: i, b: "x" * 100 + i.to_s }
    when "strings" then kept << "y" * 10_000
    when "closures" then kept << closure.call(i)
    when "garbage" then { a: i, b: "x" * 100 }
    when "native"
      kept << Fiddle.malloc(10_000)
      Fiddle::Pointer.new(kept.last)[0, 10_000] = "z" * 10_000
    end
  end
  2.times { GC.start }
  puts ObjectSpace.count_objects_size[:TOTAL]
end
"#;
const WAIT: Duration = Duration::from_secs(20);

/// A folder that is gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("drip-ruby-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
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

/// Folder and environment of a service that is about to be started.
fn prepared() -> (Folder, Variables) {
    let folder = Folder::new();
    let start = Start { command: &[], existing: &|_| None, preload: false, folder: folder.path() };
    let mut variables = (SOURCE.prepare)(&start).unwrap();
    variables.push((
        FOLDER_VARIABLE.to_owned(),
        drip_meter::make_sockets(folder.path()).unwrap().display().to_string(),
    ));
    (folder, variables)
}

struct Ruby {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    folder: Folder,
}

impl Ruby {
    async fn start(command: &[&str]) -> Self {
        let (folder, variables) = prepared();
        let mut child = Command::new(command[0])
            .args(&command[1..])
            .env_remove("RUBYOPT")
            .envs(variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Ruby is installed");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut ruby = Self { child, input, output: BufReader::new(output).lines(), folder };
        assert_eq!(ruby.hear().await, "ready");
        ruby
    }

    async fn hear(&mut self) -> String {
        let line = tokio::time::timeout(WAIT, self.output.next_line()).await.expect("it answers in time");
        line.unwrap().expect("it still speaks")
    }

    /// Does what it is told; the bytes that it counts afterwards.
    async fn tell(&mut self, words: &str) -> i64 {
        self.input.write_all(format!("{words}\n").as_bytes()).await.unwrap();
        self.hear().await.parse().unwrap()
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    async fn attach(&self, owners: Vec<u32>) -> Opened {
        let target = Target {
            owners,
            scope: Scope::From(self.pid()),
            address: ([127, 0, 0, 1], 1).into(),
            folder: Some(self.folder.path().to_owned()),
            trace: None,
        };
        (SOURCE.attach)(target).await
    }

    async fn floor(&self) -> Box<dyn Floor> {
        self.attach(vec![self.pid()]).await.unwrap_or_else(|reason| panic!("{reason}"))
    }

    async fn refusal(&self) -> String {
        self.attach(vec![self.pid()]).await.err().expect("it must be refused")
    }
}

async fn value(floor: &mut dyn Floor) -> i64 {
    floor.collect().await.unwrap().value.cast_signed()
}

/// What the floor says that was kept, and what the process itself says.
async fn grown_by(keeper: &mut Ruby, floor: &mut dyn Floor, words: &str) -> (i64, i64) {
    let (own, seen) = (keeper.tell("nothing 0").await, value(floor).await);
    let own_after = keeper.tell(words).await;
    (value(floor).await - seen, own_after - own)
}

#[tokio::test]
async fn what_is_kept_is_seen_as_the_process_counts_it_and_garbage_is_not() {
    let mut keeper = Ruby::start(&["ruby", "-e", KEEPER]).await;
    let mut floor = keeper.floor().await;
    for words in ["objects 20000", "strings 500", "closures 20000"] {
        let (seen, own) = grown_by(&mut keeper, floor.as_mut(), words).await;
        assert!(own > 3_000_000 && (seen - own).abs() < own / 20, "{words}: {seen} seen, {own} counted");
    }
    let (garbage, _) = grown_by(&mut keeper, floor.as_mut(), "garbage 50000").await;
    assert!(garbage.abs() < 50_000, "garbage: {garbage}");
    let before = floor.collect().await.unwrap().parts;
    keeper.tell("closures 1000").await;
    let after = floor.collect().await.unwrap().parts;
    assert_eq!((before[0].name, before[1].name, before[1].value), ("live slots", "Ruby threads", 1));
    assert!((2000..2200).contains(&(after[0].value - before[0].value)), "{before:?} {after:?}");
}

#[tokio::test]
async fn what_an_extension_allocates_shows_in_anonymous_memory() {
    let mut keeper = Ruby::start(&["ruby", "-e", KEEPER]).await;
    let mut floor = keeper.floor().await;
    let anon = Anon(Scope::From(keeper.pid()));
    let before = (value(floor.as_mut()).await, anon.read().await.unwrap().value);
    keeper.tell("native 2000").await;
    let after = (value(floor.as_mut()).await, anon.read().await.unwrap().value);
    assert!((after.0 - before.0).abs() < 200_000, "{before:?} {after:?}");
    assert!(after.1 - before.1 > 19_000_000, "{before:?} {after:?}");
}

/// `fork` with and without a block, from a thread, `IO.popen("-")` and `Process.daemon`, which is nobody's
/// child and so ends by itself.
#[tokio::test]
async fn every_kind_of_fork_answers_for_itself() {
    let script = r#"
$stdout.sync = true
stay = lambda { $stdout.puts Process.pid; sleep 60 }
r, w = IO.pipe
stay.call unless fork
fork { stay.call }
Thread.new { fork { stay.call } }.join
if (io = IO.popen("-")) then $stdout.puts io.gets else stay.call end
fork { Process.daemon(true, true); stay.call }
stay.call
"#;
    let mut ruby = Ruby::start(&["ruby", "-e", &format!("puts 'ready'\n{script}")]).await;
    let mut pids = Vec::new();
    for _ in 0..6 {
        pids.push(ruby.hear().await.parse::<u32>().unwrap());
    }
    // The daemon has left the tree; it is an owner all the same.
    let mut floor = ruby.attach(pids.clone()).await.unwrap_or_else(|reason| panic!("{reason}"));
    let mut read: Vec<u32> =
        floor.collect().await.unwrap().processes.iter().map(|process| process.pid).collect();
    read.sort_unstable();
    pids.sort_unstable();
    let daemons: Vec<_> = pids.iter().filter(|pid| **pid != ruby.pid()).collect();
    let kill = daemons.iter().map(ToString::to_string);
    Command::new("kill").args(kill).status().await.unwrap();
    assert_eq!(read, pids);
}

/// What a service can see of the hook, and what waits for threads.
#[tokio::test]
async fn the_service_does_not_see_the_hook() {
    let script = r#"
p Thread.list.size, ThreadGroup::Default.list.size, Object.constants.grep(/drip/i)
p Thread.abort_on_exception, Thread.report_on_exception
p Thread.new { Thread.current.report_on_exception }.value
fork { p Thread.list.size }
Process.wait
Thread.new { sleep 0.01 }
(Thread.list - [Thread.current]).each(&:join)
at_exit { puts "bye" }
exit 7
"#;
    let (_folder, variables) = prepared();
    let run = |variables: Variables| {
        let mut command = Command::new("ruby");
        command.args(["-w", "-e", script]).env_remove("RUBYOPT").envs(variables).kill_on_drop(true);
        async move { tokio::time::timeout(WAIT, command.output()).await.expect("it ends").unwrap() }
    };
    let (with, without) = (run(variables).await, run(Vec::new()).await);
    assert_eq!(with, without);
    assert_eq!((with.status.code(), String::from_utf8(with.stderr).unwrap()), (Some(7), String::new()));
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_passed_over_in_silence() {
    let (_folder, mut variables) = prepared();
    variables.retain(|(name, _)| name != FOLDER_VARIABLE);
    for folder in ["/nowhere".to_owned(), "x".repeat(200)] {
        let mut command = Command::new("ruby");
        command
            .args(["-e", "puts 1"])
            .env_remove("RUBYOPT")
            .envs(variables.clone())
            .env(FOLDER_VARIABLE, folder);
        let output = command.output().await.unwrap();
        assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (b"1\n".as_slice(), b"".as_slice()));
    }
}

#[tokio::test]
async fn a_process_that_ignores_the_hook_is_refused_with_the_reason() {
    let speak = "$stdout.sync = true; puts 'ready'; sleep";
    for option in ["--disable=rubyopt", "--disable=all"] {
        let reason = Ruby::start(&["ruby", option, "-e", speak]).await.refusal().await;
        assert!(reason.contains(option), "{reason}");
    }
    let path = format!("PATH={}", std::env::var("PATH").unwrap());
    for (setting, expected) in [("-i", "another environment"), ("RUBYOPT=-W0", "another RUBYOPT")] {
        let reason = Ruby::start(&["env", setting, &path, "ruby", "-e", speak]).await.refusal().await;
        assert!(reason.contains(expected), "{reason}");
    }
}

#[tokio::test]
async fn a_service_that_died_is_an_error_and_no_hang() {
    let mut keeper = Ruby::start(&["ruby", "-e", KEEPER]).await;
    let mut floor = keeper.floor().await;
    keeper.child.kill().await.unwrap();
    let begun = Instant::now();
    assert!(floor.collect().await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(5));
}
