//! The preloaded library against real native programs, compiled by the test.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use drip_meter::floor::native::SOURCE;
use drip_meter::{FOLDER_VARIABLE, Floor, Opened, Scope, Start, Target, make_sockets, sockets};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Listens, runs a helper, forks once, perhaps becomes another program of itself; keeps what it is told to
/// keep, gives garbage back and tells what it kept by its own count. OWN is an allocator that glibc does not
/// count.
const KEEPER: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>
#ifdef OWN
static char *next, *end;
void *malloc(size_t n) {
  n = (n + 31) & ~15ul;
  if (next + n > end) {
    next = mmap(0, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    end = next + (64 << 20);
  }
  next += n;
  return next - n;
}
void free(void *p) {}
#endif
int main(int argc, char **argv) {
  if (listen(-1, 1) != -1 || errno != EBADF) return 9;
  struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(fd, (void *)&at, sizeof at) || listen(fd, 9)) return 8;
  if (argc > 1 && strcmp(argv[1], "exec") == 0) execl(argv[0], argv[0], (char *)0);
  if (system("true")) return 7;
  int ends[2];
  if (pipe(ends)) return 6;
  int child = fork();
  if (child == 0) { prctl(PR_SET_PDEATHSIG, SIGKILL); free(malloc(1)); write(ends[1], "x", 1); pause(); }
  char line[99];
  read(ends[0], line, 1);
  printf("%d\n", child); fflush(stdout);
  size_t kept = 0;
  while (fgets(line, sizeof line, stdin)) {
    for (int i = atoi(line); i > 0; i--) {
      char *held = malloc(500), *garbage = malloc(3000);
      memset(held, 1, 500); memset(garbage, 1, 3000);
      kept += 500;
      free(garbage);
    }
    printf("%zu\n", kept); fflush(stdout);
  }
}
"#;
const WAIT: Duration = Duration::from_secs(20);

/// A folder that is gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("drip-native-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    async fn compile(&self, options: &[&str]) -> PathBuf {
        let (source, program) = (self.0.join("keeper.c"), self.0.join("keeper"));
        std::fs::write(&source, KEEPER).unwrap();
        let status =
            Command::new("cc").args(["-w", "-O1", "-o"]).args([&program, &source]).args(options).status();
        assert!(status.await.expect("a C compiler is installed").success());
        program
    }

    fn sockets(&self) -> usize {
        let names = std::fs::read_dir(sockets(&self.0)).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.extension() == Some("sock".as_ref())).count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Keeper {
    child: Child,
    forked: u32,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    folder: Folder,
}

impl Keeper {
    async fn start(options: &[&str], arguments: &[&str], wanted: bool) -> Self {
        let folder = Folder::new();
        let program = folder.compile(options).await;
        let mut child = command(&folder.0, &program, arguments, wanted).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut keeper = Self { child, forked: 0, input, output: BufReader::new(output).lines(), folder };
        keeper.forked = keeper.hear().await.try_into().unwrap();
        keeper
    }

    async fn hear(&mut self) -> i64 {
        let line = tokio::time::timeout(WAIT, self.output.next_line()).await.expect("it answers in time");
        line.unwrap().expect("it still speaks").parse().unwrap()
    }

    /// Keeps so many pieces; the bytes that it counts afterwards.
    async fn keep(&mut self, pieces: u32) -> i64 {
        self.input.write_all(format!("{pieces}\n").as_bytes()).await.unwrap();
        self.hear().await
    }

    async fn attach(&self) -> Opened {
        let pid = self.child.id().unwrap();
        let target = Target {
            owners: vec![pid, self.forked],
            scope: Scope::From(pid),
            address: ([127, 0, 0, 1], 1).into(),
            folder: Some(self.folder.0.clone()),
            trace: None,
        };
        (SOURCE.attach)(target).await
    }

    async fn floor(&self) -> Box<dyn Floor> {
        self.attach().await.unwrap_or_else(|reason| panic!("{reason}"))
    }
}

fn command(folder: &Path, program: &Path, arguments: &[&str], wanted: bool) -> Command {
    let start = Start { command: &[], existing: &|_| None, preload: wanted, folder };
    let variables = (SOURCE.prepare)(&start).unwrap();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env(FOLDER_VARIABLE, make_sockets(folder).unwrap())
        .envs(variables)
        .kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

#[tokio::test]
async fn what_is_kept_is_seen_as_the_program_counts_it_and_garbage_is_not() {
    let mut keeper = Keeper::start(&[], &[], true).await;
    let mut floor = keeper.floor().await;
    let before = floor.collect().await.unwrap();
    let own = keeper.keep(20_000).await;
    let after = floor.collect().await.unwrap();
    let seen = (after.value - before.value).cast_signed();
    assert!((seen - own).abs() < own / 20, "{seen} seen, {own} counted");
    // The program and the one that it forked; the shell that it ran never listened.
    assert_eq!((after.processes.len(), keeper.folder.sockets()), (2, 2));
}

#[tokio::test]
async fn a_program_that_becomes_another_answers_again() {
    let mut keeper = Keeper::start(&[], &["exec"], true).await;
    let mut floor = keeper.floor().await;
    let before = floor.collect().await.unwrap().value;
    keeper.keep(2000).await;
    assert!(floor.collect().await.unwrap().value > before + 900_000);
}

#[tokio::test]
async fn what_cannot_be_counted_is_refused_with_the_reason() {
    for (options, wanted, reason) in [
        (["-DOWN", "-O1"], true, "another allocator"),
        (["-static", "-O1"], true, "static program"),
        (["-O1", "-O1"], false, "--preload"),
    ] {
        let mut keeper = Keeper::start(&options, &[], wanted).await;
        let refusal = keeper.attach().await.err().expect("it must be refused");
        assert!(refusal.contains(reason), "{refusal}");
        assert_eq!(keeper.keep(1).await, 500);
    }
}

#[tokio::test]
async fn programs_that_never_listen_are_left_alone() {
    let folder = Folder::new();
    let mut count =
        command(&folder.0, Path::new("sh"), &["-c", "grep Threads /proc/self/status; kill -l"], true);
    let output = count.output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("Threads:\t1\n") && output.stderr.is_empty() && output.status.success(),
        "{text}"
    );
    assert_eq!(folder.sockets(), 0);
}

#[tokio::test]
async fn a_service_that_died_is_an_error_and_no_hang() {
    let mut keeper = Keeper::start(&[], &[], true).await;
    let mut floor = keeper.floor().await;
    keeper.child.kill().await.unwrap();
    assert!(floor.collect().await.is_err());
}
