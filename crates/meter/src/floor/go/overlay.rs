//! Live heap of a Go program that is built from source: a file is added to the build, nothing to the user's
//! tree.
//!
//! Go's `-overlay` lays files over the disk for one build. Ours goes into the standard package
//! `net/textproto`, which `net/http` and other HTTP servers link (fasthttp does, by `mime/multipart`), so
//! nothing needs to be known of the user's packages, and `go run`, `go build`, vendoring, `-mod=readonly` and
//! `-trimpath` work as ever. It needs no cgo, unlike `net`. The flag travels in `GOFLAGS`.
//!
//! The first build with it compiles `net/textproto`, `net/http` and what depends on them: measured 2 to 15 s
//! (Go 1.19 to 1.27, two busy processors), once for each toolchain and set of flags, since the
//! build cache goes by content and not by our folder. A build after that took 0.4 to 2 s.
//!
//! The second of the two collections gives free memory back to the system. That costs nothing that could be
//! measured in the next dose, and anonymous memory, which is read beside the live heap, scatters by 0.2 MB
//! instead of 2.
//!
//! A binary that the user's command leaves behind (`go build -o server . && ./server`) contains the added
//! file. It does nothing there without the variable `DRIP_FLOOR`; the next build without Drip is free of it.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use drip_model::{Runtime, Signal};
use serde_json::{Value, json};

use super::{Live, command, reading};
use crate::floor::hook::{Answer, ask_all};
use crate::prepare::write_readable;
use crate::{Attaching, Floor, FloorSource, MeterError, Reading, Start, Target, Variables};

/// Live heap of a Go program that is built from source.
pub static SOURCE: FloorSource = FloorSource {
    name: "go-overlay",
    runtime: Runtime::Go,
    how: "the build that Drip starts is given one more file of the standard library, which collects when \
          asked on a private Unix socket",
    cost: "some seconds in the first build; nothing while requests run; two full collections for a \
           reading, after which free memory goes back to the system",
    prepare,
    is_ours: None,
    attach,
};

const FLAGS: &str = "GOFLAGS";
const HOOK: &str = include_str!("drip_floor.go");
const HOOK_FILE: &str = "drip_floor.go";
const OVERLAY_FILE: &str = "go-overlay.json";
/// Under the toolchain's root. The name is one that no toolchain has.
const PLACE: &str = "src/net/textproto/zz_drip_floor.go";
/// `-overlay` came with Go 1.16; an older one refuses to run with it.
const MINOR_MIN: u32 = 16;
/// Answers within milliseconds, unless a toolchain has to be fetched first; then the service goes on without
/// us.
const TOOL_TIME_MAX: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(2);
/// A path and some flags.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

fn prepare(start: &Start<'_>) -> io::Result<Variables> {
    let Some(tool) = tool_of(start) else { return Ok(Vec::new()) };
    let toolchain = match Toolchain::ask(&tool, start) {
        // Then nothing is going to be built.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        answer => answer?,
    };
    if toolchain.has_overlay(start.command) {
        return Err(io::Error::other("the build has an -overlay of its own, and Go takes only one"));
    }
    if !toolchain.knows_overlays() {
        return Err(io::Error::other(format!("{} has no -overlay; Go 1.16 has", toolchain.version)));
    }
    let overlay = lay(&toolchain.root, start.folder)?;
    Ok(vec![(FLAGS.to_owned(), format!("{} -overlay={overlay}", toolchain.flags).trim().to_owned())])
}

/// The `go` tool when the command speaks of it, or starts where a module is, as `make run` does. It is asked,
/// never made to build.
fn tool_of(start: &Start<'_>) -> Option<String> {
    let named = command::go_tool(start.command).map(str::to_owned);
    named.or_else(|| Path::new("go.mod").exists().then(|| "go".to_owned()))
}

/// Writes the file and the list of one file that is laid over; answers where that list is.
fn lay(root: &str, folder: &Path) -> io::Result<String> {
    let (hook, overlay) = (folder.join(HOOK_FILE), folder.join(OVERLAY_FILE));
    let path = overlay.display().to_string();
    // GOFLAGS is split at spaces, and quotes in it have a meaning.
    if path.contains(|letter: char| letter.is_whitespace() || letter == '\'' || letter == '"') {
        return Err(io::Error::other(format!("the path {path} cannot be written in {FLAGS}")));
    }
    write_readable(&hook, HOOK.as_bytes())?;
    let list = json!({ "Replace": { format!("{root}/{PLACE}"): hook.display().to_string() } });
    write_readable(&overlay, list.to_string().as_bytes())?;
    Ok(path)
}

/// What the `go` tool says of itself.
struct Toolchain {
    root: String,
    flags: String,
    version: String,
}

impl Toolchain {
    /// In the working folder of the service, since a module may name the toolchain that it wants.
    fn ask(tool: &str, start: &Start<'_>) -> io::Result<Self> {
        let mut command = Command::new(tool);
        command.args(["env", "-json", "GOROOT", FLAGS, "GOVERSION"]);
        if let Some(flags) = (start.existing)(FLAGS) {
            command.env(FLAGS, flags);
        }
        let answer: Value = serde_json::from_str(&output_of(command)?)?;
        let field = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Ok(Self { root: field("GOROOT"), flags: field(FLAGS), version: field("GOVERSION") })
    }

    /// In the flags of the environment, or in the command, where it would override those.
    fn has_overlay(&self, command: &[String]) -> bool {
        let is_overlay = |word: &str| word.trim_start_matches('-').split('=').next() == Some("overlay");
        let dashed = |word: &&str| word.starts_with('-');
        self.flags.contains("-overlay") || command::words(command).filter(dashed).any(is_overlay)
    }

    fn knows_overlays(&self) -> bool {
        let minor = self.version.split_once("go1.").map(|(_, rest)| rest);
        let digits = minor.map(|rest| rest.split(|letter: char| !letter.is_ascii_digit()).next());
        digits.flatten().and_then(|digits| digits.parse::<u32>().ok()).is_some_and(|minor| minor >= MINOR_MIN)
    }
}

/// What a program prints, within a bounded time.
fn output_of(mut command: Command) -> io::Result<String> {
    let name = command.get_program().to_owned();
    let failed = |why: &dyn std::fmt::Display| {
        io::Error::other(format!("`{} env` {why}", OsStr::new(&name).to_string_lossy()))
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let deadline = Instant::now() + TOOL_TIME_MAX;
    while !has_ended(&mut child)? {
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            return Err(failed(&format!("did not answer within {} s", TOOL_TIME_MAX.as_secs())));
        }
        sleep(POLL);
    }
    let mut text = String::new();
    // What it prints is less than a pipe holds, so it could end before it was read.
    child.stdout.take().map(|stdout| stdout.take(ANSWER_BYTES_MAX).read_to_string(&mut text)).transpose()?;
    if child.wait()?.success() { Ok(text) } else { Err(failed(&"failed; try it in this folder")) }
}

fn has_ended(child: &mut Child) -> io::Result<bool> {
    Ok(child.try_wait()?.is_some())
}

fn attach(target: Target) -> Attaching {
    Box::pin(async move {
        let laid = target.folder.as_ref().is_some_and(|folder| folder.join(OVERLAY_FILE).exists());
        if !laid {
            return Err(
                "no hook could be built in, since Drip did not start a build of the service".to_owned()
            );
        }
        let mut floor = OverlayFloor { target };
        match floor.collect().await {
            Ok(_) => Ok(Box::new(floor) as Box<dyn Floor>),
            Err(error) => Err(error.to_string()),
        }
    })
}

struct OverlayFloor {
    target: Target,
}

#[async_trait]
impl Floor for OverlayFloor {
    fn signal(&self) -> Signal {
        Signal::LiveHeap
    }

    async fn collect(&mut self) -> Result<Reading, MeterError> {
        let answers = ask_all(&self.target, Runtime::Go).await?;
        let live = answers.iter().map(|(process, answer)| Ok((*process, live(answer)?)));
        Ok(reading(&live.collect::<Result<Vec<_>, MeterError>>()?))
    }

    async fn close(self: Box<Self>) {}
}

fn live(answer: &Answer) -> Result<Live, MeterError> {
    Ok(Live {
        heap: answer.get("heap")?,
        stacks: answer.get("stack")?,
        goroutines: answer.get("goroutines")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toolchain(version: &str, flags: &str) -> Toolchain {
        Toolchain { root: String::new(), flags: flags.to_owned(), version: version.to_owned() }
    }

    #[test]
    fn only_a_toolchain_that_knows_overlays_is_given_one() {
        for version in ["go1.16", "go1.19.8", "go1.27.3", "go1.26rc1", "devel go1.25-1234abc Thu"] {
            assert!(toolchain(version, "").knows_overlays(), "{version}");
        }
        for version in ["", "go1.15.3", "go1", "devel +1234abc", "gccgo"] {
            assert!(!toolchain(version, "").knows_overlays(), "{version}");
        }
    }

    #[test]
    fn an_overlay_of_the_user_is_seen() {
        let check = |flags: &str, line: &str, expected: bool| {
            let command = ["sh".to_owned(), "-c".to_owned(), line.to_owned()];
            assert_eq!(toolchain("go1.19", flags).has_overlay(&command), expected, "{flags} {line}");
        };
        check("", "go run .", false);
        check("-mod=vendor", "go run ./overlay", false);
        check("-overlay=mine.json", "go run .", true);
        check("-mod=mod '--overlay=a b'", "go run .", true);
        check("", "go run -overlay mine.json .", true);
        check("", "go run --overlay=mine.json .", true);
    }

    #[test]
    fn a_folder_that_cannot_be_written_in_flags_is_refused() {
        let error = lay("/go", Path::new("/with a space")).unwrap_err();
        assert!(error.to_string().contains("GOFLAGS"), "{error}");
    }
}
