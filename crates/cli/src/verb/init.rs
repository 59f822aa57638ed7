//! `drip init`: a commented `drip.toml`, after a look at the folder. It reads names and a few small files, runs nothing
//! and replaces nothing.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use serde_json::Value;

use crate::ask::Wrong;
use crate::{config, exit, output};

/// More of a file is not looked at.
const BYTES_MAX: u64 = 1 << 20;

pub(crate) fn init() -> Result<u8, Wrong> {
    let file = Path::new(config::FILE);
    let seen = look(Path::new("."));
    let mut created =
        fs::File::create_new(file).map_err(|error| Wrong(format!("{}: {error}", file.display())))?;
    created.write_all(text(&seen).as_bytes())?;
    for line in &seen {
        output::say(&format!("drip: {}: {}", line.from, line.so));
    }
    output::say(&format!("drip: wrote {}; now: drip run", file.display()));
    Ok(exit::PASS)
}

/// Something that a file of the folder says.
struct Seen {
    from: &'static str,
    so: String,
    command: Option<Vec<String>>,
}

/// The first command is the likeliest.
fn look(folder: &Path) -> Vec<Seen> {
    let looks: [fn(&Path) -> Option<Seen>; 7] =
        [package, django, flask, go, dockerfile, app_platform, description];
    looks.iter().filter_map(|look| look(folder)).collect()
}

fn package(folder: &Path) -> Option<Seen> {
    let package: Value = serde_json::from_str(&read(&folder.join("package.json"))?).ok()?;
    let starts = package.pointer("/scripts/start").and_then(Value::as_str);
    let main = package.get("main").and_then(Value::as_str);
    let (so, command) = match (starts, main) {
        // Without npm between Drip and the service, its process is seen at once.
        (Some(script), _) if script.starts_with("node ") && plain(script) => {
            (format!("starts with {script}"), words(script))
        }
        (Some(_), _) => ("starts with npm start".to_owned(), words("npm start")),
        (None, Some(main)) => (format!("its main file is {main}"), vec!["node".to_owned(), main.to_owned()]),
        (None, None) => return None,
    };
    Some(Seen { from: "package.json", so, command: Some(command) })
}

/// Nothing that only a shell understands.
fn plain(script: &str) -> bool {
    !script.contains(['&', '|', ';', '$', '>', '<', '"', '\'', '`', '*', '='])
}

fn django(folder: &Path) -> Option<Seen> {
    folder.join("manage.py").exists().then(|| Seen {
        from: "manage.py",
        so: "a Django project".to_owned(),
        command: Some(words("python3 manage.py runserver --noreload")),
    })
}

fn flask(folder: &Path) -> Option<Seen> {
    let requirements = read(&folder.join("requirements.txt"))?;
    let main = ["app.py", "main.py", "server.py"].into_iter().find(|name| folder.join(name).exists())?;
    let needs = |name: &str| requirements.lines().any(|line| line.trim().to_lowercase().starts_with(name));
    let module = main.trim_end_matches(".py");
    let command = match () {
        () if needs("fastapi") || needs("uvicorn") => format!("uvicorn {module}:app"),
        () if needs("gunicorn") => format!("gunicorn {module}:app"),
        () => format!("python3 {main}"),
    };
    Some(Seen {
        from: "requirements.txt",
        so: format!("starts with {command}"),
        command: Some(words(&command)),
    })
}

fn go(folder: &Path) -> Option<Seen> {
    let is_program = folder.join("go.mod").exists() && folder.join("main.go").exists();
    let seen = || Seen { from: "go.mod", so: "a Go program".to_owned(), command: Some(words("go run .")) };
    is_program.then(seen)
}

fn dockerfile(folder: &Path) -> Option<Seen> {
    let text = read(&folder.join("Dockerfile"))?;
    let port = text.lines().find_map(|line| line.trim().strip_prefix("EXPOSE "))?.trim().to_owned();
    Some(Seen {
        from: "Dockerfile",
        so: format!("exposes port {port}; drip finds the port by itself"),
        command: None,
    })
}

fn app_platform(folder: &Path) -> Option<Seen> {
    let text = read(&folder.join(".do/app.yaml"))?;
    let size =
        text.lines().find_map(|line| line.trim().strip_prefix("instance_size_slug:"))?.trim().to_owned();
    Some(Seen {
        from: ".do/app.yaml",
        so: format!("runs on {size}: say its memory with limit"),
        command: None,
    })
}

fn description(folder: &Path) -> Option<Seen> {
    let names = ["openapi.yaml", "openapi.yml", "openapi.json", "swagger.yaml", "swagger.json"];
    let name = names.into_iter().find(|name| folder.join(name).exists())?;
    Some(Seen {
        from: name,
        so: "describes the API: take the paths to request from it".to_owned(),
        command: None,
    })
}

fn words(command: &str) -> Vec<String> {
    command.split_whitespace().map(str::to_owned).collect()
}

/// Nothing where it cannot be read: then it says nothing.
fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    fs::File::open(path).ok()?.take(BYTES_MAX).read_to_string(&mut text).ok()?;
    Some(text)
}

fn text(seen: &[Seen]) -> String {
    let found = seen.iter().find_map(|seen| Some((seen.from, seen.command.as_ref()?)));
    let command = match found {
        Some((from, command)) => {
            let list: Vec<_> =
                command.iter().map(|word| toml::Value::from(word.as_str()).to_string()).collect();
            format!("# How the service is started (seen in {from}).\ncommand = [{}]", list.join(", "))
        }
        None => "# How the service is started.\n# command = [\"node\", \"server.js\"]".to_owned(),
    };
    include_str!("init.toml").replace("# COMMAND", &command)
}
