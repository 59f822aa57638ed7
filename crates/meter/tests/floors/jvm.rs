//! The floor of the JVM against real JVMs. `DRIP_TEST_JAVA` names another `java` than that of the path.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use drip_meter::{Floor, Scope, Target, attach};
use drip_model::Runtime;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// A process that keeps what it is told to keep, and counts its own memory after a collection of its own.
const KEEPER: &str = r#"
import java.io.*;
import java.nio.ByteBuffer;
import java.util.*;

public class Keeper {
  static final List<Object> kept = new ArrayList<>(1000000);
  static int finalized;

  static class Finalized {
    final byte[] bytes = new byte[1000];
    @Override protected void finalize() { finalized++; }
  }

  static void act(String what, String[] words) throws Exception {
    if (what.equals("bytes")) kept.add(new byte[984]);
    if (what.equals("buffers")) kept.add(ByteBuffer.allocateDirect(1000));
    if (what.equals("garbage")) new String("garbage" + System.nanoTime()).getBytes();
    if (what.equals("finalized")) new Finalized();
    if (what.equals("jvm")) {
      String java = System.getProperty("java.home") + "/bin/java";
      String path = System.getProperty("java.class.path");
      List<String> command = new ArrayList<>(Arrays.asList(java, "-cp", path));
      if (words.length > 2) command.add(words[2]);
      command.add("Keeper");
      Process child = new ProcessBuilder(command).redirectInput(ProcessBuilder.Redirect.PIPE).start();
      kept.add(child);
      new BufferedReader(new InputStreamReader(child.getInputStream())).readLine();
    }
  }

  public static void main(String[] arguments) throws Exception {
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    System.out.println("ready");
    for (String line; (line = input.readLine()) != null;) {
      String[] words = line.split(" ");
      for (int i = 0; i < Integer.parseInt(words[1]); i++) act(words[0], words);
      System.gc();
      Runtime runtime = Runtime.getRuntime();
      System.out.println(runtime.totalMemory() - runtime.freeMemory());
    }
  }
}
"#;

/// Where the keeper's classes are.
fn classes() -> &'static Path {
    static CLASSES: OnceLock<PathBuf> = OnceLock::new();
    CLASSES.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("jvm-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("Keeper.java"), KEEPER).unwrap();
        let compiled = std::process::Command::new("javac")
            .args(["--release", "11", "-nowarn", "Keeper.java"])
            .current_dir(&folder)
            .output()
            .expect("a JDK is installed");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        folder
    })
}

struct Keeper {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Keeper {
    async fn start(options: &[&str]) -> Self {
        Self::start_with(options, "").await
    }

    async fn start_with(options: &[&str], tool_options: &str) -> Self {
        let java = std::env::var("DRIP_TEST_JAVA").unwrap_or_else(|_| "java".to_owned());
        let mut command = Command::new(java);
        command.args(["-XX:+UnlockExperimentalVMOptions", "-Xmx512m"]).args(options);
        command.arg("Keeper").current_dir(classes()).env("JAVA_TOOL_OPTIONS", tool_options);
        Self::of(command).await
    }

    async fn of(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("it is installed");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut keeper = Self { child, input, output: BufReader::new(output).lines() };
        assert_eq!(keeper.hear().await, "ready");
        keeper
    }

    async fn hear(&mut self) -> String {
        self.output.next_line().await.unwrap().expect("it still speaks")
    }

    /// Does what it is told; the bytes that it counts afterwards. What else it printed, such as a dump of its
    /// threads, is no number.
    async fn tell(&mut self, words: &str) -> i64 {
        self.input.write_all(format!("{words}\n").as_bytes()).await.unwrap();
        self.hear().await.parse().expect("it prints nothing but what it counts")
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.pid()).unwrap()), signal).unwrap();
    }

    fn target(&self, started_by_us: bool) -> Target {
        Target {
            owners: vec![self.pid()],
            scope: Scope::From(self.pid()),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
            folder: started_by_us.then(|| classes().to_owned()),
            trace: None,
        }
    }

    async fn floor(&self) -> Box<dyn Floor> {
        attach(Runtime::Jvm, &self.target(true)).await.map(|attached| attached.floor).unwrap()
    }

    async fn refusal(&self) -> String {
        attach(Runtime::Jvm, &self.target(true)).await.map(|_| ()).unwrap_err()
    }

    /// The files of the attach protocol that are there: the listener's socket, the trigger.
    fn files(&self) -> (bool, bool) {
        let there = |name: &str| Path::new("/tmp").join(format!("{name}{}", self.pid())).exists();
        let trigger_in_its_folder = classes().join(format!(".attach_pid{}", self.pid())).exists();
        (there(".java_pid"), there(".attach_pid") || trigger_in_its_folder)
    }

    /// Ends in order, so that the JVM takes its own files away.
    async fn end(self) {
        let Self { mut child, input, .. } = self;
        drop(input);
        child.wait().await.unwrap();
    }
}

async fn read(floor: &mut dyn Floor) -> i64 {
    floor.collect().await.unwrap().value.cast_signed()
}

async fn part(floor: &mut dyn Floor, name: &str) -> u64 {
    floor.collect().await.unwrap().parts.iter().find(|part| part.name == name).unwrap().value
}

/// 50,000 arrays of 1,000 bytes, some of it headers that depend on the collector.
async fn check(options: &[&str]) {
    let mut keeper = Keeper::start(options).await;
    let mut floor = keeper.floor().await;
    keeper.tell("bytes 1").await;
    let (own, before) = (keeper.tell("garbage 1").await, read(floor.as_mut()).await);
    let idle = read(floor.as_mut()).await - before;
    assert!(idle.abs() < 20_000, "idle: {idle}");

    let own = keeper.tell("bytes 50000").await - own;
    let seen = read(floor.as_mut()).await - before;
    assert!((seen - 50_000_000).abs() < 2_500_000, "{seen} seen of 50000000");
    // ZGC counts its own memory in pages of 2 MB, begun ones as full.
    let tolerated = if options.contains(&"-XX:+UseZGC") { 6_000_000 } else { own / 20 };
    assert!((seen - own).abs() < tolerated, "{seen} seen, {own} counted");

    keeper.tell("garbage 200000").await;
    let garbage = read(floor.as_mut()).await - before - seen;
    assert!(garbage.abs() < 20_000, "garbage: {garbage}");
    keeper.end().await;
}

#[tokio::test]
async fn what_is_kept_is_seen_and_garbage_is_not_with_g1() {
    check(&["-XX:+UseG1GC"]).await;
}

#[tokio::test]
async fn what_is_kept_is_seen_and_garbage_is_not_with_serial() {
    check(&["-XX:+UseSerialGC"]).await;
}

#[tokio::test]
async fn what_is_kept_is_seen_and_garbage_is_not_with_parallel() {
    check(&["-XX:+UseParallelGC"]).await;
}

#[tokio::test]
async fn what_is_kept_is_seen_and_garbage_is_not_with_zgc() {
    check(&["-XX:+UseZGC"]).await;
}

#[tokio::test]
async fn what_waits_for_a_finalizer_is_not_seen() {
    for options in ["-XX:+UseG1GC", "-XX:+UseSerialGC"] {
        let mut keeper = Keeper::start(&[options]).await;
        let mut floor = keeper.floor().await;
        keeper.tell("finalized 10").await;
        let before = read(floor.as_mut()).await;
        keeper.tell("finalized 10000").await;
        let left = read(floor.as_mut()).await - before;
        assert!(left.abs() < 100_000, "{options}: {left} of 10000000 bytes");
        keeper.end().await;
    }
}

#[tokio::test]
async fn buffers_outside_of_the_heap_are_counted_and_the_heap_limit_is_known() {
    let mut keeper = Keeper::start(&["-Xmx64m"]).await;
    let mut floor = keeper.floor().await;
    assert_eq!(floor.heap_limit(), Some(64 << 20));
    let before = part(floor.as_mut(), "direct buffers").await;
    keeper.tell("buffers 300").await;
    assert_eq!(part(floor.as_mut(), "direct buffers").await - before, 300);
    assert!(part(floor.as_mut(), "classes").await > 100);
    keeper.end().await;
}

#[tokio::test]
async fn a_jvm_that_we_started_is_left_without_files_and_can_be_attached_to_again() {
    let mut keeper = Keeper::start(&[]).await;
    let floor = keeper.floor().await;
    assert_eq!(keeper.files(), (true, false));
    floor.close().await;
    assert_eq!(keeper.files(), (false, false));
    let mut again = keeper.floor().await;
    assert!(read(again.as_mut()).await > 100_000);
    // It did not print its threads on any of the signals.
    assert!(keeper.tell("bytes 1").await > 0);
    keeper.end().await;
}

#[tokio::test]
async fn the_socket_of_a_jvm_that_was_killed_is_taken_away() {
    let mut keeper = Keeper::start(&[]).await;
    let socket = Path::new("/tmp").join(format!(".java_pid{}", keeper.pid()));
    let mut attached = attach(Runtime::Jvm, &keeper.target(false)).await.unwrap();
    keeper.child.kill().await.unwrap();
    assert!(attached.floor.collect().await.is_err());
    assert!(socket.exists(), "a JVM that is killed leaves it");
    attached.floor.close().await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_jvm_that_runs_already_keeps_its_socket_for_other_tools() {
    let keeper = Keeper::start(&[]).await;
    let attached = attach(Runtime::Jvm, &keeper.target(false)).await.unwrap();
    attached.floor.close().await;
    assert_eq!(keeper.files(), (true, false));
    keeper.end().await;
}

#[tokio::test]
async fn a_jvm_that_does_not_attach_is_refused_and_prints_nothing() {
    let option = "-XX:+DisableAttachMechanism";
    let direct = Keeper::start(&[option]).await;
    let inherited = Keeper::start_with(&[], option).await;
    let file = classes().join(format!("options-{}", direct.pid()));
    std::fs::write(&file, option).unwrap();
    let from_a_file = Keeper::start(&[&format!("@{}", file.display())]).await;
    for mut keeper in [direct, inherited, from_a_file] {
        let reason = keeper.refusal().await;
        assert!(reason.contains(option), "{reason}");
        assert_eq!(keeper.files(), (false, false));
        assert!(keeper.tell("bytes 1").await > 0);
        keeper.end().await;
    }
}

#[tokio::test]
async fn a_jvm_without_signal_handlers_is_read_without_a_signal() {
    let mut keeper = Keeper::start(&["-Xrs"]).await;
    let mut floor = keeper.floor().await;
    assert!(read(floor.as_mut()).await > 100_000);
    assert!(keeper.tell("bytes 1").await > 0, "SIGQUIT would have ended it");
    keeper.end().await;
}

#[tokio::test]
async fn a_process_that_is_not_a_jvm_is_never_signalled() {
    let python = |code: &str| {
        let output = std::process::Command::new("python3").args(["-c", code]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    // A Python that is called java, and that counts the signals it gets.
    let java = classes().join(format!("java-not-{}", std::process::id()));
    std::fs::copy(python("import os, sys; print(os.path.realpath(sys.executable))"), &java).unwrap();
    let count = "import signal, sys\nseen = 0\ndef count(*_):\n    global seen\n    seen += 1\n\
        signal.signal(signal.SIGQUIT, count)\nprint('ready', flush=True)\n\
        for line in sys.stdin: print(seen, flush=True)";
    let mut command = Command::new(&java);
    command.args(["-c", count]).env("PYTHONHOME", python("import sys; print(sys.base_prefix)"));
    command.env("LD_LIBRARY_PATH", python("import sysconfig; print(sysconfig.get_config_var('LIBDIR'))"));
    let mut keeper = Keeper::of(command).await;
    assert_eq!(drip_meter::runtime_of(keeper.pid()), Runtime::Jvm, "by its name alone");
    let reason = keeper.refusal().await;
    assert!(reason.contains("libjvm.so"), "{reason}");
    assert_eq!(keeper.tell("how many").await, 0);
    keeper.signal(Signal::SIGQUIT);
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    while keeper.tell("how many").await == 0 {
        assert!(std::time::Instant::now() < deadline, "a signal of ours would have been counted");
    }
    keeper.end().await;
}

#[tokio::test]
async fn a_stopped_jvm_is_refused_at_once_and_goes_on_unharmed() {
    let mut keeper = Keeper::start(&[]).await;
    keeper.signal(Signal::SIGSTOP);
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", keeper.pid())).unwrap();
    while !state().contains(") T ") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let reason = timeout(Duration::from_secs(5), keeper.refusal()).await.expect("no wait");
    assert!(reason.contains("stopped"), "{reason}");
    keeper.signal(Signal::SIGCONT);
    assert!(keeper.tell("bytes 1").await > 0);
    keeper.end().await;
}

#[tokio::test]
async fn a_jvm_that_dies_while_it_collects_is_an_error_and_no_hang() {
    let mut keeper = Keeper::start(&[]).await;
    let mut floor = keeper.floor().await;
    keeper.tell("bytes 100000").await;
    let died = async {
        let mut collecting = std::pin::pin!(async {
            loop {
                if let Err(error) = floor.collect().await {
                    break error;
                }
            }
        });
        // Under way, however fast the machine is.
        assert!(timeout(Duration::from_millis(60), &mut collecting).await.is_err());
        keeper.child.start_kill().unwrap();
        let error = timeout(Duration::from_secs(10), &mut collecting).await.expect("no hang");
        error.to_string()
    };
    let error = died.await;
    assert!(!error.is_empty());
    keeper.child.wait().await.unwrap();
    floor.close().await;
}

#[tokio::test]
async fn jvms_below_the_owner_count_and_one_that_refuses_is_left_out() {
    let mut keeper = Keeper::start(&[]).await;
    keeper.tell("jvm 1").await;
    keeper.tell("jvm 1 -XX:+DisableAttachMechanism").await;
    let mut floor = keeper.floor().await;
    let reading = floor.collect().await.unwrap();
    assert_eq!(reading.processes.len(), 2, "the owner and the child that accepts");
    keeper.tell("jvm 1").await;
    let error = floor.collect().await.unwrap_err().to_string();
    assert!(error.contains("further Java processes"), "{error}");
    keeper.end().await;
}
