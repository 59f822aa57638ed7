//! A hook that a process loaded when it started: it answers on a Unix socket in the private folder of the run.
//!
//! Each process listens at `<folder>/s/<its own number>.sock`, a number of its own PID namespace. Whoever connects makes
//! it collect; then it writes one line of `name=number` pairs and hangs up. Nothing else is ever said, so no content of
//! the heap can leave the process. A hook that cannot answer now, since its process is about to fork, hangs up without
//! a word and is asked again.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use drip_model::Runtime;
use drip_proc::{Identity, identity, is_alive};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::{FOLDER_VARIABLE, MeterError, Target, sockets};

const WHAT: &str = "the hook in the service";
/// An answer is a line of a few numbers.
const ANSWER_BYTES_MAX: u64 = 4096;
/// A full collection of a heap of gigabytes takes seconds.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
/// A fork, after which the hook listens again, takes milliseconds.
const ASKS_MAX: usize = 25;
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// What a hook answered.
#[derive(Debug)]
pub(crate) struct Answer(BTreeMap<String, u64>);

impl Answer {
    /// A figure; an error when the hook did not tell it.
    pub(crate) fn get(&self, name: &str) -> Result<u64, MeterError> {
        self.find(name).ok_or_else(|| failed(format!("it did not tell {name}")))
    }

    /// A figure that not every process can tell.
    pub(crate) fn find(&self, name: &str) -> Option<u64> {
        self.0.get(name).copied()
    }

    fn parse(text: &str) -> Result<Self, MeterError> {
        let line = text.strip_suffix('\n').ok_or_else(|| failed("its answer broke off"))?;
        let pair = |word: &str| {
            let (name, number) = word.split_once('=')?;
            Some((name.to_owned(), number.parse().ok()?))
        };
        let pairs: Option<BTreeMap<_, _>> = line.split_whitespace().map(pair).collect();
        pairs.filter(|pairs| !pairs.is_empty()).map(Self).ok_or_else(|| failed("it answered something else"))
    }
}

/// Makes every process of a runtime collect that loaded the hook, all at the same time. Processes that own the
/// service's socket must have loaded it.
pub(crate) async fn ask_all(
    target: &Target,
    runtime: Runtime,
) -> Result<Vec<(Identity, Answer)>, MeterError> {
    let folder =
        target.folder.as_deref().ok_or_else(|| failed("it is loaded only when Drip starts the service"))?;
    let mut asked = JoinSet::new();
    for process in target.processes(runtime).into_iter().filter_map(identity) {
        let (socket, is_owner) = (socket_of(folder, process.pid), target.owners.contains(&process.pid));
        asked
            .spawn(async move { (process, ask_in_time(&socket, &process, is_owner, ANSWER_TIME_MAX).await) });
    }
    let mut answers = Vec::new();
    while let Some(told) = asked.join_next().await {
        let (process, answer) = told.map_err(failed)?;
        answers.extend(answer?.map(|answer| (process, answer)));
    }
    answers.sort_unstable_by_key(|(process, _)| *process);
    if answers.is_empty() { Err(MeterError::Gone) } else { Ok(answers) }
}

fn socket_of(folder: &Path, pid: u32) -> PathBuf {
    sockets(folder).join(format!("{}.sock", drip_proc::innermost_pid(pid).unwrap_or(pid)))
}

/// `None` where nobody needs to answer: the process is gone by now, or has no part in the service's socket.
async fn ask_in_time(
    socket: &Path,
    process: &Identity,
    is_owner: bool,
    time_max: Duration,
) -> Result<Option<Answer>, MeterError> {
    match timeout(time_max, ask(socket, process.pid)).await {
        Ok(Ok(None)) if is_owner && is_alive(process) => Err(failed(why_silent(process.pid))),
        _ if !is_alive(process) => Ok(None),
        Ok(answer) => answer,
        Err(_) => Err(MeterError::Timeout { what: WHAT, seconds: time_max.as_secs() }),
    }
}

/// `None` when nobody listens.
async fn ask(socket: &Path, pid: u32) -> Result<Option<Answer>, MeterError> {
    for _ in 0..ASKS_MAX {
        match ask_once(socket, pid).await {
            Ok(text) if !text.is_empty() => return Answer::parse(&text).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Err(failed(format!("process {pid} may not be asked: it runs as another user")));
            }
            // It forks, or has just begun to listen.
            _ => sleep(ASK_AGAIN).await,
        }
    }
    Ok(None)
}

async fn ask_once(socket: &Path, pid: u32) -> std::io::Result<String> {
    let stream = UnixStream::connect(socket).await?;
    // A number that we cannot see, in another namespace, is 0.
    let listener = stream.peer_cred()?.pid().and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0);
    if listener != 0 && listener != pid {
        return Err(ErrorKind::NotFound.into());
    }
    let mut line = String::new();
    // Not to the end: a process that was forked meanwhile may hold the connection open.
    BufReader::new(stream.take(ANSWER_BYTES_MAX)).read_line(&mut line).await?;
    Ok(line)
}

/// The likeliest reason why a process does not listen.
fn why_silent(pid: u32) -> String {
    if drip_proc::environment_value(pid, FOLDER_VARIABLE).is_none() {
        return format!("process {pid} was started with another environment or as another user");
    }
    format!("process {pid} does not listen: it did not load the hook, or may not reach the folder of the run")
}

fn failed(why: impl std::fmt::Display) -> MeterError {
    MeterError::protocol(WHAT, why)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[test]
    fn an_answer_is_a_line_of_numbers() {
        let answer = Answer::parse("blocks=12 malloc=3400\n").unwrap();
        assert_eq!((answer.get("blocks").unwrap(), answer.find("malloc")), (12, Some(3400)));
        assert!(answer.get("containers").is_err());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "\n", "hello\n", "blocks=many\n", "blocks=1 <html>\n", "blocks=1"] {
            assert!(Answer::parse(text).is_err(), "{text:?}");
        }
    }

    /// A hook in this very process, which says these words to those who connect, one after the other.
    async fn told(name: &str, words: &'static [&'static str]) -> Result<Option<Answer>, MeterError> {
        let folder = std::env::temp_dir().join(format!("drip-hook-{}-{name}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let socket = folder.join("hook.sock");
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let hook = tokio::spawn(async move {
            for word in words {
                listener.accept().await.unwrap().0.write_all(word.as_bytes()).await.unwrap();
            }
        });
        let answer = ask(&socket, std::process::id()).await;
        hook.abort();
        std::fs::remove_dir_all(&folder).unwrap();
        answer
    }

    #[tokio::test]
    async fn a_hook_that_hangs_up_before_a_fork_is_asked_again() {
        let answer = told("again", &["", "", "blocks=7\n"]).await.unwrap().unwrap();
        assert_eq!(answer.get("blocks").unwrap(), 7);
    }

    #[tokio::test]
    async fn an_answer_that_broke_off_is_no_smaller_answer() {
        assert!(told("broken", &["blocks=7"]).await.is_err());
    }

    #[tokio::test]
    async fn a_socket_where_nobody_listens_any_more_does_not_answer() {
        assert!(told("gone", &[]).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_socket_of_another_process_is_not_asked() {
        let socket = std::env::temp_dir().join(format!("drip-hook-{}-other", std::process::id()));
        let _listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let answer = ask(&socket, 1).await;
        std::fs::remove_file(&socket).unwrap();
        assert!(answer.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_hook_that_never_answers_is_an_error_and_no_hang() {
        let socket = std::env::temp_dir().join(format!("drip-hook-{}-never", std::process::id()));
        let _listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let this = identity(std::process::id()).unwrap();
        let answer = ask_in_time(&socket, &this, true, Duration::from_millis(50)).await;
        std::fs::remove_file(&socket).unwrap();
        assert!(matches!(answer, Err(MeterError::Timeout { .. })), "{answer:?}");
    }
}
