//! What to request, from the words of the command line: curl's words, a plan, or a description with patterns.

use std::io::Read;
use std::path::Path;

use drip_model::Origin;
use drip_plan::{
    Ask, Credentials, Data, Description, Endpoint, Home, Plan, Skipped, choose, credentials, endpoints, plan,
    plan_file, vectors,
};
use drip_report::{NotTested, by_reason};
use drip_session::{Reach, TOGETHER_MIN, Trust};

use crate::args::RequestArgs;
use crate::ask::Wrong;
use crate::spec;

/// The largest body, plan or file of credentials.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// The document names so many of those that were left out.
const NOT_TESTED_MAX: usize = 1000;

/// What is known of the service when the requests are planned.
pub(crate) struct Target {
    /// Paths that the user named.
    pub(crate) paths: Vec<String>,
    /// Where it answers; of a service that we start, it is not known yet.
    pub(crate) origin: Option<Origin>,
    /// Its port, where the user named it.
    pub(crate) port: Option<u16>,
    /// How it is reached.
    pub(crate) reach: Reach,
    /// Whom TLS believes there.
    pub(crate) trust: Trust,
}

impl Target {
    /// Whose recorded requests are sent.
    pub(crate) fn home(&self) -> Home {
        self.origin.clone().map_or(Home::Loopback(self.port), Home::Origin)
    }
}

/// What to request.
#[derive(Default)]
pub(crate) struct Requests {
    pub(crate) plan: Plan,
    /// Whether requests carry credentials of a file.
    pub(crate) credentials: bool,
}

/// Settles what to request; `published` is the description that the service was found to publish, if it was looked for.
pub(crate) fn requests(
    args: &RequestArgs,
    target: Target,
    published: Option<Description>,
) -> Result<Requests, Wrong> {
    let known = auth(args.auth_file.as_deref())?;
    let plan = match (&args.plan, &args.spec) {
        (Some(file), _) => from_file(file, &target, &known)?,
        (None, Some(words)) => {
            one_source("--spec", &target)?;
            let description = match published {
                Some(found) => found,
                None => spec::description(words, &target, &target.home())?,
            };
            from_spec(args, words, description, &known)?
        }
        (None, None) => from_words(args, target.paths, &known)?,
    };
    if plan.vectors.is_empty() {
        let reasons = by_reason(&not_tested(&plan.skipped)).join("\n  ");
        return Err(Wrong(format!("nothing is left to request:\n  {reasons}")));
    }
    Ok(Requests { plan, credentials: !known.is_empty() })
}

fn from_words(args: &RequestArgs, paths: Vec<String>, known: &Credentials) -> Result<Plan, Wrong> {
    let ask = Ask {
        paths,
        method: args.method.clone(),
        headers: args.headers.clone(),
        data: args.data.as_deref().map(data).transpose()?,
        expect_status: args.expect_status,
    };
    if args.patterns.is_empty() {
        return Ok(Plan { vectors: vectors(&ask, known)?, skipped: Vec::new() });
    }
    let mut endpoints = endpoints(&ask)?;
    endpoints.iter_mut().for_each(|endpoint| known.apply(endpoint));
    // Whoever writes a method wants it.
    Ok(plan(&endpoints, &choose(&args.patterns)?, true))
}

fn from_file(file: &Path, target: &Target, known: &Credentials) -> Result<Plan, Wrong> {
    one_source("--plan", target)?;
    let name = file.display().to_string();
    let mut plan = plan_file(&name, &text("--plan", file)?, known)?;
    let differ = plan.vectors.iter().any(|vector| vector.weight != plan.vectors[0].weight);
    if differ && plan.vectors.len() < TOGETHER_MIN {
        let why = "few requests take turns, so that each gets a verdict of its own";
        plan.skipped.push(Skipped::new("their weights", why));
    }
    Ok(plan)
}

fn from_spec(
    args: &RequestArgs,
    words: &str,
    description: Description,
    known: &Credentials,
) -> Result<Plan, Wrong> {
    let Description { format, mut endpoints, mut skipped, .. } = description;
    if endpoints.is_empty() {
        let reasons = by_reason(&not_tested(&skipped)).join("\n  ");
        return Err(Wrong(format!("--spec {words}: {format} without an endpoint to request\n  {reasons}")));
    }
    skipped.extend(unauthorized(&endpoints, known));
    endpoints.iter_mut().for_each(|endpoint| known.apply(endpoint));
    let Plan { vectors, skipped: unplanned } =
        plan(&endpoints, &choose(&args.patterns)?, args.unsafe_methods);
    skipped.extend(unplanned);
    Ok(Plan { vectors, skipped })
}

/// Paths beside a whole plan would be asked by nobody.
pub(crate) fn one_source(option: &str, target: &Target) -> Result<(), Wrong> {
    match target.paths.iter().find(|path| *path != "/") {
        Some(path) => Err(Wrong(format!("{option} says what to request; leave out the path {path}"))),
        None => Ok(()),
    }
}

/// Endpoints that ask for credentials when there are none.
fn unauthorized(endpoints: &[Endpoint], known: &Credentials) -> Vec<Skipped> {
    let wanting = endpoints.iter().filter(|endpoint| known.is_empty() && !endpoint.wants.is_empty());
    let told = |endpoint: &Endpoint| {
        let wants: Vec<String> = endpoint.wants.iter().map(ToString::to_string).collect();
        let why = format!("asked without the {} that it wants; give --auth-file", wants.join(" or "));
        Skipped::new(format!("credentials of {}", endpoint.label()), why)
    };
    wanting.map(told).collect()
}

fn auth(file: Option<&Path>) -> Result<Credentials, Wrong> {
    let Some(file) = file else { return Ok(Credentials::default()) };
    let text = text("--auth-file", file)?;
    credentials(&text, &|name| std::env::var(name).ok())
        .map_err(|error| Wrong(format!("--auth-file {}: {error}", file.display())))
}

fn text(option: &str, file: &Path) -> Result<String, Wrong> {
    let bytes = bytes(option, file, FILE_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|_| Wrong(format!("{option} {}: not UTF-8 text", file.display())))
}

fn data(given: &str) -> Result<Data, Wrong> {
    match given.strip_prefix('@') {
        None => Ok(Data::Text(given.to_owned())),
        Some(file) => bytes("--data", Path::new(file), FILE_BYTES_MAX).map(Data::Bytes),
    }
}

/// A file that is not larger than it may be.
pub(crate) fn bytes(option: &str, file: &Path, bytes_max: u64) -> Result<Vec<u8>, Wrong> {
    let fault = |why: String| Wrong(format!("{option} {}: {why}", file.display()));
    let opened = std::fs::File::open(file).map_err(|error| fault(error.to_string()))?;
    let mut bytes = Vec::new();
    opened.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|error| fault(error.to_string()))?;
    if bytes.len() as u64 > bytes_max {
        return Err(fault(format!("larger than {} MiB", bytes_max >> 20)));
    }
    Ok(bytes)
}

/// As a document has it.
pub(crate) fn not_tested(skipped: &[Skipped]) -> Vec<NotTested> {
    let one = |skipped: &Skipped| NotTested { what: skipped.what.clone(), why: skipped.why.clone() };
    skipped.iter().take(NOT_TESTED_MAX).map(one).collect()
}
