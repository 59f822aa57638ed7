//! One case judged by the real binary: its service started, loaded, read and stopped by `drip run` with default
//! settings.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use drip_report::Document;
use drip_report::document::Status;
use serde_json::Value;

use super::ask;
use super::case::Case;
use super::install::{Workshop, last_line};

/// Starting, the last dose and stopping come on top of the budget.
const BEYOND_BUDGET: Duration = Duration::from_secs(180);
/// Ends of their own accord: passed, failed, nothing measured, unclear.
const JUDGED: [i32; 4] = [0, 1, 3, 4];

/// Judges one case after the other.
pub(super) struct Judge {
    /// The binary under test.
    pub(super) drip: PathBuf,
    /// Where documents and logs are kept.
    pub(super) out: PathBuf,
    /// Time that a case may take.
    pub(super) budget: Duration,
    pub(super) workshop: Workshop,
}

impl Judge {
    /// The document of a former sitting, if it is of the same experiment.
    pub(super) fn kept(&self, name: &str) -> Option<Document> {
        let document = drip_report::read(&fs::read(self.file(name, "json")).ok()?).ok()?;
        let same = Duration::try_from_secs_f64(document.settings.budget_seconds) == Ok(self.budget);
        Some(document).filter(|_| same)
    }

    /// Installs a case and judges it; or why it could not be judged.
    pub(super) fn judge(&self, case: &Case) -> Result<Document, String> {
        let plan = ask::plan(&case.load, None)?;
        let folder = self.workshop.installed(case)?;
        let run = Run { judge: self, case, folder: &folder };
        let document = run.once(&plan)?;
        match only_answer(&document) {
            None => Ok(document),
            Some(status) => run.once(&ask::plan(&case.load, Some(status))?),
        }
    }

    fn file(&self, name: &str, ending: &str) -> PathBuf {
        self.out.join(format!("{name}.{ending}"))
    }
}

struct Run<'a> {
    judge: &'a Judge,
    case: &'a Case,
    folder: &'a Path,
}

impl Run<'_> {
    /// The document gets its name when Drip has ended, so that an interrupted run leaves none.
    fn once(&self, plan: &Value) -> Result<Document, String> {
        let [unfinished, finished, said] = ["partial", "json", "stderr.log"].map(|end| self.file(end));
        // Left by an interrupted sitting, or not there.
        let _ = fs::remove_file(&unfinished);
        let broken = |error: io::Error| format!("drip run: {error}");
        fs::write(self.file("plan"), plan.to_string()).map_err(broken)?;
        let mut command = self.command(&unfinished).map_err(broken)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&said).map_err(broken)?);
        let status = command.status().map_err(broken)?;
        let document = self.document(status, &unfinished).map_err(|why| {
            let said = fs::read_to_string(&said).unwrap_or_default();
            last_line(&said).map_or(why, str::to_owned)
        })?;
        fs::rename(&unfinished, finished).map_err(broken)?;
        Ok(document)
    }

    fn document(&self, status: ExitStatus, file: &Path) -> Result<Document, String> {
        if !status.code().is_some_and(|code| JUDGED.contains(&code)) {
            return Err(format!("drip run ended with {status}"));
        }
        let bytes = fs::read(file).map_err(|error| format!("no document: {error}"))?;
        let document = drip_report::read(&bytes).map_err(|error| error.to_string())?;
        let whole = document.status == Status::Completed && document.verdict.is_some();
        if whole { Ok(document) } else { Err("nothing was judged".to_owned()) }
    }

    fn command(&self, output: &Path) -> io::Result<Command> {
        let bound = (self.judge.budget + BEYOND_BUDGET).as_secs();
        // In the foreground, so that an interrupt from the terminal reaches Drip, which then stops the service.
        let mut command = Command::new("timeout");
        command.args(["--foreground", "--kill-after=60", &bound.to_string()]).arg(&self.judge.drip);
        // Settings of the person's own would change what is measured.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DRIP_")) {
            command.env_remove(name);
        }
        command.current_dir(self.folder).env("CORPUS", &self.judge.workshop.corpus);
        command.args(["run", "--quiet", "--no-fail", "--port", &free_port()?.to_string()]);
        command.arg("--budget").arg(humantime::format_duration(self.judge.budget).to_string());
        command.arg("--output").arg(output).arg("--service-log").arg(self.file("service.log"));
        if let Some(path) = ready_path(&self.case.ready) {
            command.arg(format!("--ready-path={path}"));
        }
        command.arg("--plan").arg(self.file("plan")).arg("--").args(service(&self.case.run));
        Ok(command)
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.judge.file(&self.case.name, ending)
    }
}

/// What the user is told to do when nothing succeeded: the status that every request got, if it was the same one and
/// the service's own word. Some leaks are triggered by requests that are refused.
fn only_answer(document: &Document) -> Option<u16> {
    let mut statuses = document.vectors.iter().flat_map(|vector| vector.tally.statuses.keys().copied());
    let first = statuses.next()?;
    (statuses.all(|other| other == first) && (400..500).contains(&first)).then_some(first)
}

/// In a corpus any answer means ready, to Drip only a success; the path `/` is what manifests name that have no
/// other, and often answers 404. Without a path any answer is enough to Drip too.
fn ready_path(ready: &str) -> Option<&str> {
    (ready != "tcp" && ready != "/").then_some(ready)
}

/// The words of a plain command, so that Drip sees the program itself; anything else by a shell.
fn service(run: &str) -> Vec<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || " ./_-+:,=@%".contains(c);
    let assigns = run.split_whitespace().next().is_some_and(|word| word.contains('='));
    if run.chars().all(plain) && !assigns {
        return run.split_whitespace().map(str::to_owned).collect();
    }
    ["bash", "-c", run].map(str::to_owned).to_vec()
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_command_needs_no_shell() {
        let check = |run: &str, expected: &[&str]| assert_eq!(service(run), expected, "{run}");
        check("./server", &["./server"]);
        check("java -Xmx512m -Da=b Main", &["java", "-Xmx512m", "-Da=b", "Main"]);
        check(
            ".venv/bin/gunicorn -b 127.0.0.1:$PORT app:app",
            &["bash", "-c", ".venv/bin/gunicorn -b 127.0.0.1:$PORT app:app"],
        );
        check("GOGC=400 ./server", &["bash", "-c", "GOGC=400 ./server"]);
        check(r#"sh -c "exec node a.js""#, &["bash", "-c", r#"sh -c "exec node a.js""#]);
    }

    #[test]
    fn readiness_is_asked_where_the_service_has_a_path_for_it() {
        assert_eq!(["/ready", "/", "tcp"].map(ready_path), [Some("/ready"), None, None]);
    }
}
