//! The GitHub Action: its steps are run as GitHub's runner does it, with the variables and files that it sets.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::drip::{Done, Scene, port};
use crate::examples::{alone, fixture};

/// The variable that `${{ github.token }}` stands for.
const TOKEN: &str = "token-of-the-job";
const REPOSITORY: &str = "owner/service";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn action() -> Value {
    serde_saphyr::from_str(&fs::read_to_string(root().join("action.yml")).unwrap()).unwrap()
}

/// A job that uses the action.
struct Job {
    scene: Scene,
    /// Where the service is.
    workspace: PathBuf,
    event: Value,
    inputs: BTreeMap<String, String>,
    /// What each step handed on.
    outputs: BTreeMap<String, String>,
    /// Folders before all others on the path.
    path: Vec<String>,
    server_url: String,
}

impl Job {
    fn new(workspace: &Path) -> Self {
        let scene = Scene::new();
        let binary = Path::new(env!("CARGO_BIN_EXE_drip")).parent().unwrap().display().to_string();
        fs::create_dir(scene.path("temp")).unwrap();
        Self {
            scene,
            workspace: workspace.to_owned(),
            event: json!({}),
            inputs: BTreeMap::new(),
            outputs: BTreeMap::new(),
            path: vec![binary],
            server_url: "http://127.0.0.1:9".to_owned(),
        }
    }

    fn with(mut self, inputs: &[(&str, &str)]) -> Self {
        self.inputs.extend(inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }

    /// Runs the steps until one fails, as a composite action does it; what was printed, by the names of the steps.
    fn run(&mut self) -> BTreeMap<String, Done> {
        let mut done = BTreeMap::new();
        for step in action()["runs"]["steps"].as_array().unwrap() {
            if !self.is_wanted(step) || step.get("uses").is_some() {
                continue;
            }
            let (name, ended) = (step["name"].as_str().unwrap().to_owned(), self.step(step));
            let failed = !ended.succeeded();
            done.insert(name, ended);
            if failed {
                break;
            }
        }
        done
    }

    fn step(&mut self, step: &Value) -> Done {
        assert_eq!(step["shell"], "bash");
        for file in ["output", "path"] {
            self.scene.write(file, "");
        }
        self.scene.write("script.sh", step["run"].as_str().unwrap());
        let mut command = self.scene.command("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(self.scene.path("script.sh"));
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", [self.path.join(":"), path].join(":"));
        command.envs(self.variables()).current_dir(&self.workspace);
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            command.env(name, self.filled(value.as_str().unwrap()));
        }
        let done = self.scene.spawn(&mut command).end();
        self.hand_on(step);
        done
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let file = |name: &str| self.scene.arg(name);
        vec![
            ("CI", "true".to_owned()),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_ACTION_PATH", root().display().to_string()),
            ("GITHUB_OUTPUT", file("output")),
            ("GITHUB_PATH", file("path")),
            ("GITHUB_REPOSITORY", REPOSITORY.to_owned()),
            ("GITHUB_SERVER_URL", self.server_url.clone()),
            ("GITHUB_STEP_SUMMARY", file("summary")),
            ("GITHUB_WORKSPACE", self.workspace.display().to_string()),
            ("RUNNER_ARCH", "X64".to_owned()),
            ("RUNNER_OS", "Linux".to_owned()),
            ("RUNNER_TEMP", file("temp")),
        ]
    }

    fn hand_on(&mut self, step: &Value) {
        let id = step["id"].as_str().unwrap_or_default();
        for line in self.scene.read("output").lines() {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("{line} is no output"));
            self.outputs.insert(format!("{id}.{name}"), value.to_owned());
        }
        let paths = self.scene.read("path");
        self.path.splice(0..0, paths.lines().map(str::to_owned));
    }

    /// Conditions are comparisons that must all hold.
    fn is_wanted(&self, step: &Value) -> bool {
        let Some(condition) = step["if"].as_str() else { return true };
        condition.split(" && ").all(|comparison| {
            let words: Vec<_> = comparison.split(' ').collect();
            let (left, right) = (self.value(words[0]), self.value(words[2]));
            (left == right) == (words[1] == "==")
        })
    }

    /// A text whose expressions are replaced by their values.
    fn filled(&self, text: &str) -> String {
        let Some((before, rest)) = text.split_once("${{") else { return text.to_owned() };
        let (expression, after) = rest.split_once("}}").unwrap();
        format!("{before}{}{}", self.value(expression.trim()), self.filled(after))
    }

    fn value(&self, expression: &str) -> String {
        if let Some(literal) = expression.strip_prefix('\'') {
            return literal.trim_end_matches('\'').to_owned();
        }
        let (context, rest) = expression.split_once('.').unwrap_or((expression, ""));
        match context {
            "inputs" => self.inputs.get(rest).cloned().unwrap_or_else(|| {
                self.filled(
                    action()["inputs"][rest]["default"]
                        .as_str()
                        .unwrap_or_else(|| panic!("{rest} is no input")),
                )
            }),
            "steps" => self.outputs.get(&rest.replace(".outputs.", ".")).cloned().unwrap_or_default(),
            "github" if rest == "token" => TOKEN.to_owned(),
            "github" if rest == "action_repository" => "owner/drip".to_owned(),
            "github" => self.of_event(rest.strip_prefix("event.").unwrap()),
            "true" => "true".to_owned(),
            other => panic!("{other} is no context"),
        }
    }

    fn of_event(&self, path: &str) -> String {
        match self.event.pointer(&format!("/{}", path.replace('.', "/"))) {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        }
    }

    /// An output of the action.
    fn output(&self, name: &str) -> String {
        self.filled(action()["outputs"][name]["value"].as_str().unwrap())
    }
}

/// Where what is seen of the jobs on the examples is written to, for `benches/runs`; nowhere without it.
const TRANSCRIPTS: &str = "ACTION_TRANSCRIPTS";

impl Job {
    /// What a person sees of a job: what was asked, the log of each step, what is handed on and the summary.
    fn transcript(&self, done: &BTreeMap<String, Done>) -> String {
        let action = action();
        let inputs: String =
            self.inputs.iter().map(|(name, value)| format!("    {name}: {value}\n")).collect();
        let steps = action["runs"]["steps"].as_array().unwrap();
        let ran = steps.iter().filter_map(|step| done.get_key_value(step["name"].as_str().unwrap()));
        let log = |(name, done): (&String, &Done)| {
            format!(
                "{name}\n{}{}  exit code {}\n",
                indented(&done.stdout),
                indented(&done.stderr),
                done.code().unwrap()
            )
        };
        let output = |name: &String| format!("{name}={}\n", self.output(name));
        let outputs: String = action["outputs"].as_object().unwrap().keys().map(output).collect();
        self.without_paths(&format!(
            "```yaml\n- uses: OWNER/drip@v0.1.0\n  with:\n{inputs}```\n\nThe log, step by step:\n\n```text\n{}```\n\n\
             Outputs:\n\n```text\n{outputs}```\n\nThe summary of the job:\n\n{}",
            ran.map(log).collect::<String>(),
            self.scene.read("summary")
        ))
    }

    /// Folders of this machine by the variables that GitHub has for them.
    fn without_paths(&self, text: &str) -> String {
        let folders = [
            (self.path[0].clone(), "$DRIP"),
            (self.scene.arg("temp"), "$RUNNER_TEMP"),
            (self.workspace.display().to_string(), "$GITHUB_WORKSPACE"),
            (self.scene.arg(""), "/tmp/"),
        ];
        folders.iter().fold(text.to_owned(), |text, (folder, name)| text.replace(folder, name))
    }

    fn write_transcript(&self, server: &str, done: &BTreeMap<String, Done>) {
        if let Some(folder) = std::env::var_os(TRANSCRIPTS) {
            fs::write(Path::new(&folder).join(format!("{server}.md")), self.transcript(done)).unwrap();
        }
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// A job on an example, to its end.
fn on_example(server: &str) -> (Job, BTreeMap<String, Done>) {
    let workspace = PathBuf::from(fixture("node-express"));
    let mut job = Job::new(&workspace).with(&[
        ("run", &format!("node {server}")),
        ("path", "/data"),
        ("fail-below", "D"),
        ("args", "--dose 1s"),
    ]);
    let _alone = alone();
    let done = job.run();
    job.write_transcript(server, &done);
    (job, done)
}

#[test]
fn a_leaking_example_fails_after_everything_was_shown() {
    let (job, done) = on_example("leaky-server.js");
    done["Gate"].exits(1);
    let output = |name: &str| job.output(name);
    assert_eq!((output("verdict"), output("leaking-endpoint")), ("leaking".into(), "GET /data".into()));
    assert_eq!((output("exit-code"), output("findings-count")), ("1".into(), "1".into()));
    let bytes: f64 = output("bytes-per-request").parse().unwrap();
    assert!((100.0..1_000.0).contains(&bytes), "{bytes}");
    assert!(output("score").parse::<u8>().unwrap() <= 69);
    done["Test"].prints(&["title=DRIP001 Memory grows with each request on GET /data"]);
    assert!(job.scene.read("summary").contains("LEAKING"));
    let sarif: Value = serde_json::from_slice(&fs::read(output("sarif-file")).unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "DRIP001");
    assert!(fs::read_to_string(output("report-path")).unwrap().contains("</html>"));
    // Nothing is posted or uploaded unless somebody wants it.
    assert_eq!(done.keys().collect::<Vec<_>>(), ["Gate", "Install Drip", "Test"]);
}

#[test]
fn a_fixed_example_passes() {
    let (job, done) = on_example("fixed-server.js");
    done["Gate"].exits(0);
    assert_eq!((job.output("exit-code"), job.output("leaking-endpoint")), ("0".into(), String::new()));
    assert!(["steady", "settling"].contains(&job.output("verdict").as_str()), "{}", job.output("verdict"));
}

#[test]
fn no_script_holds_an_expression_and_no_input_is_left_out() {
    let action = action();
    let steps = action["runs"]["steps"].as_array().unwrap();
    let scripts: Vec<_> = steps.iter().filter_map(|step| step["run"].as_str()).collect();
    assert!(!scripts.is_empty() && scripts.iter().all(|script| !script.contains("${{")), "{scripts:?}");
    let used = json!(steps).to_string();
    for input in action["inputs"].as_object().unwrap().keys() {
        assert!(used.contains(&format!("inputs.{input}")), "{input} is used by no step");
    }
}

#[test]
fn an_input_is_never_run_by_a_shell() {
    let scene = Scene::answering("r.answer()");
    let owned = "'$(touch owned)'; touch owned; `touch owned` \"";
    let mut job = Job::new(&scene.path(".")).with(&[
        ("run", "python3 app.py"),
        ("path", "/$(touch$IFS./owned)\n/;touch$IFS./owned"),
        ("args", "--users 4 --dose 200ms --requests 200 --budget '10s' -H 'X-A: $(touch owned)'"),
    ]);
    let done = job.run();
    assert_eq!(job.output("verdict"), "unclear", "{}", done["Test"]);
    assert!(job.output("json-path").ends_with("drip.json"));
    for input in ["spec", "fail-below", "fail-on", "baseline", "config", "args", "version"] {
        let mut job = Job::new(&scene.path(".")).with(&[("run", "python3 app.py"), (input, owned)]);
        let done = job.run();
        let last = done.values().find(|done| !done.succeeded());
        assert!(last.is_some(), "{input} was taken for {:?}", job.outputs);
    }
    assert!(!scene.exists("owned") && !job.scene.exists("owned"));
}

/// A release of this binary, with checksums of something.
fn release(scene: &Scene, checksummed: &str) -> (u16, crate::drip::Running) {
    let folder = scene.path("owner/drip/releases/download/v9.9.9");
    fs::create_dir_all(&folder).unwrap();
    let script = format!(
        "mkdir bin && printf '#!/bin/sh\\necho drip of a release\\n' > bin/drip && chmod +x bin/drip \
         && name=drip-9.9.9-x86_64-unknown-linux-gnu.tar.gz && tar -C bin -czf \"$1/$name\" drip \
         && cd \"$1\" && sha256sum {checksummed} | sed \"s/ .*/  $name/\" > SHA256SUMS"
    );
    scene.spawn(scene.command("sh").args(["-c", &script, "sh"]).arg(&folder)).end().exits(0);
    let port = port();
    let server = scene.spawn(scene.command("python3").args([
        "-m",
        "http.server",
        &port.to_string(),
        "--bind",
        "127.0.0.1",
    ]));
    crate::drip::wait_until("the releases are served", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    (port, server)
}

/// What installing a version says, and the job that it was installed in.
fn installed(checksummed: &str) -> (Done, Job) {
    let scene = Scene::new();
    let (port, _server) = release(&scene, checksummed);
    let mut job = Job::new(&scene.path(".")).with(&[("version", "v9.9.9")]);
    job.server_url = format!("http://127.0.0.1:{port}");
    let steps = action();
    let done = job.step(&steps["runs"]["steps"][0]);
    (done, job)
}

#[test]
fn a_release_is_installed_when_its_checksum_is_right() {
    let (done, job) = installed("\"$name\"");
    done.exits(0).prints(&["drip 9.9.9 is installed"]);
    let drip = Path::new(&job.path[0]).join("drip");
    job.scene.spawn(&mut job.scene.command(drip)).end().exits(0).prints(&["drip of a release"]);
    let (done, job) = installed("/dev/null");
    done.exits(1).says(&["is not what SHA256SUMS of its release says"]);
    assert_eq!(job.path.len(), 1);
}

/// `gh` that writes down what it is asked, and knows one comment where there is a file of it.
const GH: &str = "#!/bin/sh\nprintf '%s ' \"$@\" >> \"$RUNNER_TEMP/asked\"\necho \"token $GH_TOKEN\" >> \"$RUNNER_TEMP/asked\"\n\
                  case \"$*\" in *--paginate*) cat \"$RUNNER_TEMP/earlier\" 2>/dev/null || true;; esac\n";

/// What `gh` is asked when the step of the comment runs for a pull request of this repository.
fn commented(head: &str, earlier: Option<&str>) -> String {
    let scene = Scene::new();
    let mut job = Job::new(&scene.path(".")).with(&[("comment", "true")]);
    job.scene.write("report.md", "**LEAKING**");
    job.scene.write("gh", GH);
    job.scene.spawn(job.scene.command("chmod").args(["+x", "gh"])).end().exits(0);
    job.path.insert(0, job.scene.arg("."));
    earlier.into_iter().for_each(|id| job.scene.write("temp/earlier", id));
    job.outputs.insert("test.markdown-path".to_owned(), job.scene.arg("report.md"));
    job.event = json!({ "pull_request": { "number": 7, "head": { "repo": { "full_name": head } } } });
    let steps = action();
    let step =
        steps["runs"]["steps"].as_array().unwrap().iter().find(|step| step["name"] == "Comment").unwrap();
    assert!(job.is_wanted(step));
    job.step(step).exits(0);
    job.scene.read("temp/asked")
}

#[test]
fn one_comment_is_kept_and_none_is_written_for_a_fork() {
    let first = commented(REPOSITORY, None);
    assert!(first.contains("--method POST repos/owner/service/issues/7/comments"), "{first}");
    assert!(first.contains(&format!("token {TOKEN}")), "{first}");
    let again = commented(REPOSITORY, Some("42\n43\n"));
    assert!(again.contains("--method PATCH repos/owner/service/issues/comments/42"), "{again}");
    assert_eq!(commented("stranger/service", Some("42\n")), "");
}

mod shellcheck {
    use super::*;

    #[test]
    fn the_scripts_have_no_fault_that_a_stranger_knows() {
        let scene = Scene::new();
        let scripts = fs::read_dir(root().join("action")).unwrap().map(|entry| entry.unwrap().path());
        scene.spawn(scene.command("shellcheck").args(scripts)).end().exits(0);
    }
}

mod linters {
    use super::*;

    #[test]
    fn the_workflow_and_the_action_have_no_fault_that_a_stranger_knows() {
        let (workflow, action) = (".github/workflows/release.yml", "action.yml");
        lint("actionlint", &[workflow]);
        // Actions are named by version here: a hash would have to be looked up where each is published.
        lint("jactionlint", &["--strict-exit", "--ignore", "unpinned-uses", workflow, action]);
        lint("check-jsonschema", &["--builtin-schema", "vendor.github-workflows", workflow]);
        lint("check-jsonschema", &["--builtin-schema", "vendor.github-actions", action]);
    }

    fn lint(linter: &str, words: &[&str]) {
        let program = fixture(&format!("linters/bin/{linter}"));
        let scene = Scene::new();
        scene.spawn(scene.command(program).args(words).current_dir(root())).end().exits(0);
    }
}
