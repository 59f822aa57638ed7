//! The book and the README: every command that stands in a block of theirs is run as it stands there, one after the
//! other, in a folder that has what the page takes for granted.
//!
//! Runs are kept short by the environment, so most of them end `unclear`: what is held here is that a command is
//! understood, does what it is for, and leaves what the next one takes. That verdicts are right is held elsewhere.
//! What is not as a reader has it stands in three lists: [`PLACEHOLDERS`] for what is the reader's own,
//! [`STAND_INS`] for programs that fetch or build, [`ELSEWHERE`] for other people's machines.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use crate::drip::{Done, Running, SHORT, Scene, port, words};

/// What a page says in place of something of the reader's.
const PLACEHOLDERS: [&str; 4] =
    ["http://127.0.0.1:8080", "https://hooks.slack.com", "pid:4242", "--port 8080"];

/// Programs that would fetch or build, with the words that they are called with. They do nothing here, but `go run`,
/// which has to start a service. Other words are an error.
const STAND_INS: [(&str, &str, &str); 3] = [
    ("cargo", "install --path crates/cli|run --release -- demo|build --release|xtask test", "exit 0"),
    ("npm", "ci|ci --silent|ci --prefix examples/node-express", "exit 0"),
    ("go", "run .", "exec node server.js"),
];

/// What asks hosts that no test may ask, or is tried at length elsewhere (`demo.rs`): here the words are parsed only.
const ELSEWHERE: [&str; 2] = ["drip scan https://staging.example.com", "drip demo"];

/// What a fence may say. A command under another name would not be run.
const LANGUAGES: [&str; 6] = ["sh", "make", "yaml", "toml", "json", "text"];

/// As short as a run can be.
const BRIEF: [(&str, &str); 4] =
    [("DRIP_USERS", "4"), ("DRIP_DOSE", "200ms"), ("DRIP_REQUESTS", "200"), ("DRIP_BUDGET", "2s")];

/// Keeps what it is asked for, whatever that is.
const SERVICE: &str = "const kept = []; require('http').createServer((_, answer) => { kept.push(Buffer.alloc(20000, 1)); \
                       answer.end('ok'); }).listen(process.env.PORT, '127.0.0.1');\n";
const DESCRIPTION: &str = "openapi: 3.0.3\ninfo: { title: Shop, version: '1' }\npaths:\n  /data:\n    get:\n      \
                           responses: { '200': { description: fine } }\n";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

struct Page {
    /// From the root of the repository.
    path: String,
    text: String,
}

impl Page {
    fn read(path: String) -> Self {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        Self { path, text }
    }

    /// The blocks of this language.
    fn blocks<'a>(&'a self, language: &'a str) -> impl Iterator<Item = &'a str> {
        self.fenced().filter(move |(named, _)| *named == language).map(|(_, text)| text)
    }

    /// Every block with its language.
    fn fenced(&self) -> impl Iterator<Item = (&str, &str)> {
        let after_fences = self.text.split("\n```").skip(1).step_by(2);
        after_fences.map(|block| block.split_once('\n').unwrap_or((block, "")))
    }

    /// What is marked as code within a sentence.
    fn spans(&self) -> impl Iterator<Item = &str> {
        let prose = self.text.split("\n```").step_by(2);
        prose.flat_map(|text| text.lines()).flat_map(|line| line.split('`').skip(1).step_by(2))
    }

    /// Every command, in the order of the page; of those that a build runs, each.
    fn commands(&self) -> Vec<String> {
        let mut commands = Vec::new();
        for (language, text) in self.fenced() {
            match language {
                "sh" => commands.extend(lines(text)),
                "yaml" => scripts(&serde_saphyr::from_str(text).unwrap(), &mut commands),
                "make" => commands.push("make leaks".to_owned()),
                _ => {}
            }
        }
        commands
    }
}

/// The pages that the contents name, and the README.
fn pages() -> Vec<Page> {
    let contents = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let links = contents.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let mut pages: Vec<_> = links.map(|(link, _)| Page::read(format!("docs/{link}"))).collect();
    pages.push(Page::read("README.md".to_owned()));
    pages
}

fn page(path: &str) -> Page {
    pages().into_iter().find(|page| page.path == path).unwrap_or_else(|| panic!("{path} is no page"))
}

fn lines(block: &str) -> impl Iterator<Item = String> {
    block.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned)
}

/// What a pipeline of GitHub, GitLab or CircleCI runs. What stands under `with` is an action's.
fn scripts(pipeline: &Value, found: &mut Vec<String>) {
    match pipeline {
        Value::Array(parts) => parts.iter().for_each(|part| scripts(part, found)),
        Value::Object(keys) => {
            keys.iter().filter(|(key, _)| *key != "with").for_each(|(key, value)| {
                match (key.as_str(), value) {
                    ("run" | "script", Value::String(text)) => found.extend(lines(text)),
                    ("script", Value::Array(texts)) => {
                        found.extend(texts.iter().flat_map(|text| lines(text.as_str().unwrap())))
                    }
                    _ => scripts(value, found),
                }
            })
        }
        _ => {}
    }
}

/// A saved result of the service, made once: a leak that every page may speak of.
fn result() -> &'static str {
    static RESULT: OnceLock<String> = OnceLock::new();
    RESULT.get_or_init(|| {
        let scene = Scene::new();
        scene.write("server.js", SERVICE);
        let asked = ["--path", "/data", "-o", "result.json"];
        scene.drip(&words("run", &[&asked, &SHORT], &["node", "server.js"])).exits(1);
        scene.read("result.json")
    })
}

/// Where a page's commands are typed.
struct Desk {
    scene: Scene,
    /// Who answers on the loopback in place of what the page names.
    other: Running,
    port: u16,
    variables: BTreeMap<String, String>,
    /// What all commands printed.
    said: String,
}

impl Desk {
    fn of(page: &Page) -> Self {
        let scene = Scene::answering("r.answer(200, b'ok')");
        let port = port();
        let other = scene.serve(port);
        for folder in ["bin", "work"] {
            fs::create_dir(scene.path(folder)).unwrap();
        }
        let variables = BRIEF.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let desk = Self { scene, other, port, variables, said: String::new() };
        desk.put_programs();
        desk.put_files(page);
        desk
    }

    fn put_programs(&self) {
        for (name, words, action) in STAND_INS {
            let words = words.split('|').map(|words| format!("'{words}'")).collect::<Vec<_>>().join("|");
            self.put_program(
                &format!("bin/{name}"),
                &format!("case \"$*\" in {words}) {action};; esac; exit 2"),
            );
        }
        self.put_program("bin/python", "exec python3 \"$@\"");
        self.put_program("work/server", "exec node server.js");
    }

    fn put_program(&self, path: &str, script: &str) {
        self.scene.write(path, format!("#!/bin/sh\n{script}\n"));
        self.bash(&format!("chmod +x ../{path}")).exits(0);
    }

    fn put_files(&self, page: &Page) {
        let put = |name: &str, text: &str| self.scene.write(&format!("work/{name}"), text);
        for name in ["result.json", "old.json", "new.json"] {
            put(name, result());
        }
        put("server.js", SERVICE);
        put("app.py", &self.scene.read("app.py"));
        put("service.py", &self.scene.read("service.py"));
        put("package.json", r#"{"scripts": {"start": "node server.js"}}"#);
        put("openapi.yaml", DESCRIPTION);
        put("order.json", "{}");
        self.link("examples/node-express", crate::examples::fixture("node-express"));
        self.link("target/release", Path::new(env!("CARGO_BIN_EXE_drip")).parent().unwrap());
        page.blocks("make").for_each(|text| put("Makefile", text));
    }

    fn link(&self, name: &str, to: impl AsRef<Path>) {
        let link = self.scene.path("work").join(name);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(to, link).unwrap();
    }

    /// `bash` in the page's folder.
    fn bash(&self, line: &str) -> Done {
        let binary = Path::new(env!("CARGO_BIN_EXE_drip")).parent().unwrap();
        let path = [self.scene.path("bin"), binary.to_owned()].map(|folder| folder.display().to_string());
        let mut command = self.scene.command("bash");
        command.args(["-c", line]).current_dir(self.scene.path("work")).envs(&self.variables);
        command.env("PATH", format!("{}:{}", path.join(":"), std::env::var("PATH").unwrap()));
        for name in ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"] {
            command.env(name, self.scene.path(name));
        }
        // Later commands speak of what is saved, so such a run goes on until a verdict, as one that looks again does.
        if line.contains(" -o ") || line.contains("drip verify") {
            command.env_remove("DRIP_REQUESTS").env("DRIP_BUDGET", "60s");
        }
        self.scene.spawn(&mut command).end()
    }

    /// Types one line of the page.
    fn types(&mut self, line: &str) {
        if let Some((name, value)) = line.strip_prefix("export ").and_then(|set| set.split_once('=')) {
            self.variables.insert(name.to_owned(), self.filled(value));
            return;
        }
        let done = self.bash(&parsed_only(line).unwrap_or_else(|| self.filled(line)));
        assert!(expected(line).contains(&done.code()), "{line}: {done}");
        self.said += &done.stdout;
    }

    /// With what this desk has in place of what is the reader's.
    fn filled(&self, line: &str) -> String {
        let here = format!("http://127.0.0.1:{}", self.port);
        let ours = [here.clone(), here, format!("pid:{}", self.other.pid()), format!("--port {}", port())];
        PLACEHOLDERS
            .iter()
            .zip(ours)
            .fold(line.to_owned(), |line, (theirs, ours)| line.replace(theirs, &ours))
    }
}

/// A command whose host is elsewhere, made one that parses its words and says what they may be.
fn parsed_only(line: &str) -> Option<String> {
    let typed = line.split(" #").next().unwrap_or(line);
    ELSEWHERE.iter().any(|command| line.starts_with(command)).then(|| format!("{typed} --help"))
}

/// The exit codes of a command that was understood. Whoever judges may find a leak or nothing in so short a time, and
/// make says 2 of any command that failed.
fn expected(line: &str) -> &'static [Option<i32>] {
    let mut words = line.split(' ');
    match (words.next().and_then(|program| program.rsplit('/').next()), words.next()) {
        (Some("drip"), Some("run" | "scan" | "verify")) => &[Some(0), Some(1), Some(4), Some(125)],
        (Some("make"), _) => &[Some(0), Some(2)],
        _ => &[Some(0)],
    }
}

/// Types a whole page.
fn typed(page: &Page, prepare: impl FnOnce(&mut Desk)) -> Desk {
    let mut desk = Desk::of(page);
    prepare(&mut desk);
    page.commands().iter().for_each(|line| desk.types(line));
    desk
}

/// It has a test of its own, since it wants a history and a verdict.
const BISECT: &str = "docs/bisect.md";

/// What a page tells the reader to have, or takes from another one.
fn prepare(page: &Page, desk: &mut Desk) {
    let first_toml = || page.blocks("toml").next().unwrap();
    match page.path.as_str() {
        "docs/ci.md" => desk.scene.write("work/drip.toml", "command = [\"node\", \"server.js\"]"),
        "README.md" => desk.types("export DRIP_SLACK_URL=https://hooks.slack.com/services/…"),
        "docs/requests.md" => desk.scene.write("work/plan.toml", first_toml()),
        "docs/settings.md" => desk.scene.write("work/drip.toml", first_toml()),
        _ => {}
    }
}

#[test]
fn every_command_of_every_page_is_understood() {
    let pages = pages();
    let in_blocks = pages.iter().filter(|page| page.path != BISECT && !page.commands().is_empty());
    std::thread::scope(|scope| {
        let typing: Vec<_> =
            in_blocks.map(|page| (page, scope.spawn(|| typed(page, |desk| prepare(page, desk))))).collect();
        assert!(typing.len() >= 7, "{} pages have commands", typing.len());
        for (page, desk) in typing {
            let desk = desk.join().unwrap_or_else(|_| panic!("in {}", page.path));
            promised(page, &desk);
        }
    });
}

/// Files that a page says its commands leave.
#[track_caller]
fn promised(page: &Page, desk: &Desk) {
    let files: &[&str] = match page.path.as_str() {
        "docs/ci.md" => {
            &["drip.json", "drip.sarif", "drip.html", "drip.xml", "results/drip/drip.xml", "../GITHUB_OUTPUT"]
        }
        "docs/first-run.md" => &["result.json", "leak.html", "drip.toml"],
        "docs/gate.md" => &["baseline.json"],
        "docs/reports.md" => &["leak.html", "leak.sarif", "leak.xml"],
        _ => &[],
    };
    files.iter().for_each(|file| {
        assert!(desk.scene.exists(&format!("work/{file}")), "{} leaves no {file}", page.path)
    });
}

#[test]
fn the_bisect_of_the_book_finds_the_commit() {
    let desk = typed(&page(BISECT), |desk| {
        for (name, value) in [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")] {
            desk.variables.insert(name.to_owned(), value.to_owned());
        }
        let calm = SERVICE.replace("kept.push(Buffer.alloc(20000, 1));", "");
        for (commit, service) in
            [("calm", &calm), ("guilty", &SERVICE.to_owned()), ("last", &format!("{SERVICE}//"))]
        {
            desk.scene.write("work/server.js", service);
            let git = "git -c user.name=x -c user.email=x@example.com";
            desk.bash(&format!(
                "git init --quiet && git add . && {git} commit --quiet -m {commit} && git tag {commit}"
            ))
            .exits(0);
        }
        desk.bash("git tag v1.4.0 calm").exits(0);
    });
    assert_eq!(desk.said.matches("is the first").count(), 2, "{}", desk.said);
    assert_eq!(desk.said.matches("\n    guilty\n").count(), 2, "{}", desk.said);
}

#[test]
fn no_command_hides_in_a_block_of_another_language() {
    for page in pages() {
        for (language, text) in page.fenced() {
            assert!(LANGUAGES.contains(&language), "{}: a block of {language:?}", page.path);
            let hidden = language == "text"
                && text.lines().any(|line| line.starts_with("drip ") || line.starts_with("$ "));
            assert!(!hidden, "{}: a command in a block of text", page.path);
        }
    }
}

/// The words that help knows for a verb; `verify` takes those of a run.
fn known(verb: &str) -> Vec<String> {
    let scene = Scene::new();
    let verbs = if verb == "verify" { vec![verb, "run"] } else { vec![verb] };
    let help = |verb: &&str| scene.drip(&[verb, "--help"]).exits(0).stdout.clone();
    let text: String = verbs.iter().map(help).collect();
    text.split(|c: char| !c.is_alphanumeric() && c != '-').map(str::to_owned).collect()
}

#[test]
fn what_a_sentence_says_of_a_command_is_in_its_help() {
    let mut help = BTreeMap::new();
    for page in pages() {
        for span in page.spans().filter(|span| span.starts_with("drip ")) {
            let mut words = span.split(' ').skip(1).take_while(|word| *word != "--");
            // `drip VERB` stands for any.
            let Some(verb) = words.next().filter(|verb| verb.starts_with(|c: char| c.is_ascii_lowercase()))
            else {
                continue;
            };
            let known = help.entry(verb.to_owned()).or_insert_with(|| known(verb));
            let options = words
                .filter(|word| word.starts_with("--"))
                .map(|word| word.split('=').next().unwrap_or(word));
            options.for_each(|option| {
                assert!(known.iter().any(|word| word == option), "{}: `{span}`: {option}", page.path)
            });
        }
    }
    assert!(help.len() > 5, "{:?}", help.keys());
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_book() {
    let (readme, gate) = (page("README.md"), page("docs/gate.md"));
    let table = |page: &Page| {
        page.text.split("| exit code |").nth(1).unwrap().split("\n\n").next().unwrap().to_owned()
    };
    assert_eq!(table(&readme), table(&gate));
}

mod linters {
    use super::*;
    use crate::examples::fixture;

    #[track_caller]
    fn takes(scene: &Scene, linter: &str, words: &[&str]) {
        scene.spawn(scene.command(fixture(&format!("linters/bin/{linter}"))).args(words)).end().exits(0);
    }

    #[test]
    fn the_book_builds_without_a_complaint() {
        let (scene, root) = (Scene::new(), root().display().to_string());
        let mdbook = fixture("linters/bin/mdbook");
        let done =
            scene.spawn(scene.command(mdbook).args(["build", "--dest-dir", &scene.arg("book"), &root])).end();
        done.exits(0).never_tells("WARN").never_tells("ERROR");
        let built = built(&scene.path("book"));
        assert!(built.len() >= pages().len() - 1, "{built:?}");
        built.iter().for_each(|page| leads_somewhere(page));
    }

    /// The pages of a built book; not what repeats them.
    fn built(folder: &Path) -> Vec<PathBuf> {
        let entries = |folder: &Path| {
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
        };
        let all = [entries(folder), entries(&folder.join("findings"))].concat();
        let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "html");
        all.into_iter()
            .filter(is_page)
            .filter(|path| !path.ends_with("print.html") && !path.ends_with("404.html"))
            .collect()
    }

    /// What mdBook made of the links of a page: it knows some files by other names than a folder of Markdown does.
    fn leads_somewhere(page: &Path) {
        let text = fs::read_to_string(page).unwrap();
        let main = text.split("<main>").nth(1).unwrap_or_default().split("</main>").next().unwrap();
        let links = main.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let file = page.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(file.exists(), "{}: {link}", page.display());
        }
    }

    #[test]
    fn recipes_are_what_those_who_run_them_take() {
        let (scene, page) = (Scene::new(), page("docs/ci.md"));
        let recipes: Vec<_> = page.blocks("yaml").collect();
        let [workflow, steps @ .., gitlab, circle] = recipes.as_slice() else { panic!("{recipes:?}") };
        // What is shown of further steps belongs below those of the whole workflow.
        scene.write("workflow.yml", format!("{workflow}\n{}", steps.join("\n")));
        scene.write("gitlab.yml", gitlab);
        scene.write("circle.yml", circle);
        takes(&scene, "actionlint", &["workflow.yml"]);
        for (schema, file) in
            [("github-workflows", "workflow.yml"), ("gitlab-ci", "gitlab.yml"), ("circle-ci", "circle.yml")]
        {
            takes(&scene, "check-jsonschema", &["--builtin-schema", &format!("vendor.{schema}"), file]);
        }
    }
}
