//! Promises about real processes: what is started is seen, what it prints is kept, and nothing is left of it.

#![expect(clippy::unwrap_used, reason = "what these functions unwrap is what the tests assert")]

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use drip_launch::{Command, End, LaunchError, Service};
use drip_proc::Identity;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// Long enough for a loaded machine; a test that waits this long fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// The example that stands for Drip; `cargo test` builds it beside the test.
fn guard() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("examples/guard");
    assert!(path.exists(), "{} was not built", path.display());
    path
}

/// A shell command whose log is in a directory of its own.
fn shell(script: &str) -> (Command, TempDir) {
    program("sh", &["-c", script])
}

fn program(name: &str, args: &[&str]) -> (Command, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let args = args.iter().map(ToString::to_string).collect();
    let mut command = Command::new(name, args, directory.path().join("service.log"));
    command.guard = guard();
    (command, directory)
}

async fn started(command: &Command) -> Service {
    drip_launch::start(command).await.unwrap()
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn printed(service: &Service, line: &str) {
    eventually(line, || service.last_output(20).iter().any(|seen| seen == line)).await;
}

/// The processes of a service, to be asked for after it ended.
async fn tree(guard: u32, processes: usize) -> Vec<Identity> {
    eventually("the whole tree runs", || drip_proc::descendants(guard).len() == processes).await;
    let tree: Vec<_> =
        drip_proc::with_descendants(guard).into_iter().filter_map(drip_proc::identity).collect();
    assert_eq!(tree.len(), processes + 1);
    tree
}

fn assert_gone(tree: &[Identity]) {
    let left: Vec<_> = tree.iter().filter(|process| drip_proc::is_alive(process)).collect();
    assert!(left.is_empty(), "still there: {left:?}");
}

fn send_kill(pid: u32) {
    kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGKILL).unwrap();
}

/// A shell, a child, and a grandchild in a session of its own.
const FAMILY: &str = "sleep 300 & setsid sh -c 'sleep 300; true' & wait";
const FAMILY_SIZE: usize = 4;

#[tokio::test]
async fn stopping_ends_children_and_sessions_of_their_own() {
    let (command, _directory) = shell(FAMILY);
    let service = started(&command).await;
    let tree = tree(service.guard_pid(), FAMILY_SIZE).await;
    assert!(service.pids().contains(&service.main_pid()));
    assert!(!service.pids().contains(&service.guard_pid()));
    service.stop().await.unwrap();
    assert_gone(&tree);
}

#[tokio::test]
async fn a_service_is_asked_first_and_may_finish() {
    let (command, _directory) =
        shell("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done");
    let service = started(&command).await;
    printed(&service, "ready").await;
    service.stop().await.unwrap();
    // The shell may say that its sleep was ended as well.
    let log = std::fs::read_to_string(&command.log).unwrap();
    assert!(log.starts_with("ready\n") && log.ends_with("bye\n"), "{log}");
}

#[tokio::test]
async fn a_service_that_does_not_listen_is_killed_after_the_grace() {
    let (mut command, _directory) = shell("trap '' TERM; echo ready; while :; do sleep 1; done");
    command.grace = Duration::from_millis(300);
    let service = started(&command).await;
    printed(&service, "ready").await;
    let tree = tree(service.guard_pid(), 2).await;
    let start = Instant::now();
    service.stop().await.unwrap();
    assert!(start.elapsed() >= command.grace, "{:?}", start.elapsed());
    assert_gone(&tree);
}

#[tokio::test]
async fn a_daemon_goes_on_being_the_service_until_it_is_stopped() {
    let script = "import os,sys,time\nif os.fork(): sys.exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\n\
        print('daemon',flush=True)\ntime.sleep(300)";
    let (command, _directory) = program("python3", &["-c", script]);
    let service = started(&command).await;
    assert_eq!(within("the first process ends", service.wait_exit()).await, End::code(0));
    printed(&service, "daemon").await;
    let tree = tree(service.guard_pid(), 1).await;
    assert!(!service.pids().contains(&service.main_pid()));
    service.stop().await.unwrap();
    assert_gone(&tree);
}

#[tokio::test]
async fn dropping_ends_the_service_too() {
    let (command, _directory) = shell(FAMILY);
    let service = started(&command).await;
    let tree = tree(service.guard_pid(), FAMILY_SIZE).await;
    drop(service);
    eventually("all is gone", || !tree.iter().any(drip_proc::is_alive)).await;
}

#[tokio::test]
async fn killing_drip_ends_the_service() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("service.log");
    let mut drip = std::process::Command::new(guard());
    // One that does not listen when asked, since nobody else is left who would kill it.
    let script = format!("trap '' TERM; {FAMILY}");
    drip.arg("hold").arg(log).args(["sh", "-c", &script]).stdout(Stdio::piped());
    let mut drip = drip.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(drip.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let tree = tree(line.trim().parse().unwrap(), FAMILY_SIZE).await;
    drip.kill().unwrap();
    eventually("all is gone, the guard too", || !tree.iter().any(drip_proc::is_alive)).await;
    drip.wait().unwrap();
}

#[tokio::test]
async fn killing_the_guard_leaves_nothing_either() {
    let (command, _directory) = shell(FAMILY);
    let service = started(&command).await;
    let (other_command, _other_directory) = shell(FAMILY);
    let other = started(&other_command).await;
    let other_tree = tree(other.guard_pid(), FAMILY_SIZE).await;
    let tree = tree(service.guard_pid(), FAMILY_SIZE).await;
    send_kill(service.guard_pid());
    assert_eq!(within("the end is noticed", service.wait_exit()).await, End::UNSEEN);
    let main = tree.iter().find(|process| process.pid == service.main_pid()).unwrap();
    eventually("the first process dies with the guard", || !drip_proc::is_alive(main)).await;
    service.stop().await.unwrap();
    assert_gone(&tree);
    assert!(other_tree.iter().all(drip_proc::is_alive), "a service beside it was hurt");
    other.stop().await.unwrap();
    assert_gone(&other_tree);
}

async fn check_end(script: &str, expected: End) {
    let (command, _directory) = shell(script);
    let service = started(&command).await;
    assert_eq!(within(script, service.wait_exit()).await, expected, "{script}");
    assert_eq!(service.exited(), Some(expected));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn the_end_of_a_service_is_reported() {
    check_end("exit 0", End::code(0)).await;
    check_end("exit 3", End::code(3)).await;
    check_end("kill -SEGV $$", End::signal(11)).await;
    check_end("kill -KILL $$", End::signal(9)).await;
}

#[tokio::test]
async fn a_running_service_has_not_ended() {
    let (command, _directory) = shell("sleep 300");
    let service = started(&command).await;
    assert_eq!(service.exited(), None);
    let waiting = tokio::time::timeout(Duration::from_millis(50), service.wait_exit()).await;
    assert!(waiting.is_err(), "{waiting:?}");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn the_last_words_of_a_command_that_dies_at_once_are_kept() {
    let (command, _directory) = shell("echo one; echo two >&2; echo three; printf unfinished; exit 1");
    let service = started(&command).await;
    assert_eq!(within("it dies", service.wait_exit()).await, End::code(1));
    assert_eq!(service.last_output(20), ["one", "two", "three", "unfinished"]);
    assert_eq!(service.last_output(2), ["three", "unfinished"]);
    service.stop().await.unwrap();
    assert_eq!(std::fs::read_to_string(&command.log).unwrap(), "one\ntwo\nthree\nunfinished");
    assert_eq!(std::fs::metadata(&command.log).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_service_gets_its_variables_and_no_input() {
    let (mut command, _directory) = shell("cat; echo \"$COLOUR $HOME\"; tty");
    command.env = vec![("COLOUR".into(), "blue".into()), ("HOME".into(), "/nowhere".into())];
    let service = started(&command).await;
    within("it ends", service.wait_exit()).await;
    assert_eq!(service.last_output(20), ["blue /nowhere", "not a tty"]);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_service_finds_signals_as_a_shell_would_leave_them() {
    let (command, _directory) =
        program("sed", &["-nE", "s/^Sig(Blk|Ign):.*(.{8})$/\\2/p", "/proc/self/status"]);
    let service = started(&command).await;
    within("it ends", service.wait_exit()).await;
    // The C library ignores its two internal signals, 32 and 33, whenever it starts a process.
    let ordinary = |line: &String| u32::from_str_radix(line, 16).unwrap() & 0x7FFF_FFFF;
    let (blocked_and_ignored, none) = (service.last_output(20), [0, 0]);
    assert_eq!(blocked_and_ignored.iter().map(ordinary).collect::<Vec<_>>(), none);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn once_started_it_is_the_program_and_not_us_and_the_guard_is_not_called_drip() {
    let (command, _directory) = program("sleep", &["300"]);
    let service = started(&command).await;
    let executable = std::fs::read_link(format!("/proc/{}/exe", service.main_pid())).unwrap();
    assert_ne!(executable, guard());
    let guard_name = std::fs::read_to_string(format!("/proc/{}/comm", service.guard_pid())).unwrap();
    assert_eq!(guard_name, "svc-guard\n");
    service.stop().await.unwrap();
}

async fn refused(command: &Command) -> LaunchError {
    match drip_launch::start(command).await {
        Ok(_) => panic!("{} was started", command.program),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    for name in ["nod-no-such-program", "./nod-no-such-program", ""] {
        let (command, _directory) = program(name, &[]);
        let error = refused(&command).await;
        assert!(matches!(error, LaunchError::NotFound { .. }), "{error:?}");
        assert_eq!(error.to_string(), format!("command not found: {name}"));
    }
}

#[tokio::test]
async fn a_program_is_looked_for_in_the_path_that_the_service_gets() {
    let (mut command, directory) = program("drip-own-program", &[]);
    assert!(matches!(refused(&command).await, LaunchError::NotFound { .. }));
    write_script(&directory.path().join("drip-own-program"), "#!/bin/sh\necho found\n", "755");
    let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
    command.env = vec![("PATH".into(), path)];
    let service = started(&command).await;
    within("it ends", service.wait_exit()).await;
    assert_eq!(service.last_output(1), ["found"]);
    service.stop().await.unwrap();
}

/// Written by another process: were the file open for writing here while another test starts a process, that
/// process would hold it open for a moment too, and it could not be executed.
fn write_script(path: &Path, text: &str, mode: &str) {
    let script = "printf %s \"$1\" > \"$2\" && chmod \"$3\" \"$2\"";
    let mut shell = std::process::Command::new("sh");
    assert!(shell.args(["-c", script, "sh", text]).arg(path).arg(mode).status().unwrap().success());
}

#[tokio::test]
async fn a_file_that_cannot_be_started_says_why() {
    let (mut command, directory) = program("", &[]);
    let path = directory.path().join("server.sh");
    command.program = path.to_str().unwrap().into();
    write_script(&path, "#!/bin/sh\n", "644");
    assert!(matches!(refused(&command).await, LaunchError::NotExecutable { .. }));
    write_script(&path, "#!/no/such/interpreter\n", "755");
    let error = refused(&command).await;
    assert!(matches!(error, LaunchError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("No such file or directory"), "{error}");
}

#[tokio::test]
async fn a_log_that_cannot_be_written_is_named() {
    let (mut command, _directory) = shell("true");
    command.log = "/no/such/directory/service.log".into();
    let error = refused(&command).await;
    assert!(error.to_string().ends_with("/no/such/directory/service.log"), "{error}");
}

#[tokio::test]
async fn lines_that_we_caused_are_kept_from_the_log_and_told_apart() {
    let (mut command, _directory) =
        shell("echo one; echo trace 1 >&2; printf 'tra'; printf 'ce 2\\n'; echo two; sleep 300");
    command.divert = vec![|line| line.starts_with("trace ")];
    let service = started(&command).await;
    printed(&service, "two").await;
    assert_eq!(service.last_output(20), ["one", "two"]);
    assert_eq!(service.last_diverted()(), Some((2, "trace 2".to_owned())));
    service.stop().await.unwrap();
    let log = std::fs::read_to_string(&command.log).unwrap();
    assert!(log.starts_with("one\ntwo\n") && !log.contains("trace"), "{log}");
}
