//! The command line, as text; what it means is settled in `ask`.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use drip_drive::THREADS_MAX;
use drip_session::Pinned;

/// Finds memory leaks and resource exhaustion in HTTP APIs, before production does.
#[derive(Debug, Parser)]
#[command(name = "drip", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    /// Settings of run and scan [default: drip.toml in this folder, if there is one]
    #[arg(long, value_name = "FILE", env = "DRIP_CONFIG", global = true)]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Start a service, load it, read its memory, give a verdict, stop it
    Run(RunArgs),
    /// Test a service that already runs
    Scan(ScanArgs),
    /// See it work on a built-in leaking service and its fixed twin
    Demo(DemoArgs),
    /// Render a saved result
    Report(ReportArgs),
    /// Compare two saved results: new, fixed, worse
    Diff(DiffArgs),
    /// Run again just what showed a finding of a saved result: is it gone?
    Verify(VerifyArgs),
    /// Send a test message to a channel that results are told on
    Notify(NotifyTestArgs),
    /// What a finding means and how to fix it
    Explain(ExplainArgs),
    /// What can be measured here, of which service, how, and what that costs
    Doctor(DoctorArgs),
    /// Write a commented drip.toml, after a look at this folder
    Init,
    /// A script that completes our words in a shell
    Completions(CompletionsArgs),
    /// The manual pages, as man reads them
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Path to request, with query and slots; repeatable [default: /]
    #[arg(long = "path", value_name = "PATH", help_heading = "What to request")]
    pub(crate) paths: Vec<String>,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    /// The command that starts the service, after --
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<String>,
}

/// How a service is started.
#[derive(Debug, Args)]
#[command(next_help_heading = "The service")]
pub(crate) struct ServiceArgs {
    /// Port that the service listens on; also set as PORT in its environment [default: found]
    #[arg(long, env = "DRIP_PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// Wait until this path answers 2xx or 3xx [default: until anything is answered]
    #[arg(long, value_name = "PATH", env = "DRIP_READY_PATH")]
    pub(crate) ready_path: Option<String>,
    /// How long the service may take until it answers
    #[arg(long, value_name = "TIME", env = "DRIP_READY_TIMEOUT", default_value = "60s", value_parser = humantime::parse_duration)]
    pub(crate) ready_timeout: Duration,
    /// Where the service's output goes [default: a new file in the temporary folder]
    #[arg(long, value_name = "FILE", env = "DRIP_SERVICE_LOG")]
    pub(crate) service_log: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// What to print
    #[arg(long, value_name = "FORMAT", env = "DRIP_FORMAT", default_value = "text", value_parser = ["text", "json"], help_heading = "Output")]
    pub(crate) format: String,
    /// No colours; NO_COLOR in the environment does the same
    #[arg(long, help_heading = "Output")]
    pub(crate) no_color: bool,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    #[command(flatten)]
    pub(crate) runtime: RuntimeArgs,
    /// Memory limit to reckon with, as 512MiB
    #[arg(long, value_name = "SIZE", env = "DRIP_LIMIT", value_parser = size, help_heading = "Reckoning")]
    pub(crate) limit: Option<u64>,
    /// A process that runs already, with all below it, instead of a command
    #[arg(long, value_name = "N", conflicts_with = "command", help_heading = "The service")]
    pub(crate) pid: Option<u32>,
    /// The command that starts the service, after --
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<String>,
}

/// What may be done to read memory, and by which runtime's means.
#[derive(Debug, Args)]
#[command(next_help_heading = "The service")]
pub(crate) struct RuntimeArgs {
    /// Do not attach to the runtime to force collections: less certain, nothing touched
    #[arg(long)]
    pub(crate) no_attach: bool,
    /// Preload a small library into a native service (C, C++, Rust), which counts what malloc has in use
    #[arg(long)]
    pub(crate) preload: bool,
    /// The service's runtime, when Drip cannot tell
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) runtime: Option<RuntimeName>,
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// What to request: http://HOST:PORT/PATH, with slots
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// Where its memory can be read: pid:N, a process on this machine with all below it
    #[arg(long, value_name = "SOURCE", value_parser = memory_source, help_heading = "The service")]
    pub(crate) memory: Option<u32>,
    /// A host that is yours: allows more than the polite profile, with --requests and --rate or --users
    #[arg(long, value_name = "HOST", help_heading = "Load")]
    pub(crate) i_own: Option<String>,
    #[command(flatten)]
    pub(crate) way: WayArgs,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

/// Whom TLS believes, in curl's words.
#[derive(Debug, Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArgs {
    /// Trust the certificates of this file, in PEM, and no others
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub(crate) cacert: Option<PathBuf>,
    /// Show this certificate, in PEM, when the service asks
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,
    /// Its private key, in PEM, when the file of the certificate does not have it
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Take any certificate
    #[arg(long)]
    pub(crate) insecure: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) show: Show,
    /// How often the leaking service keeps each request's headers
    #[arg(long, hide = true, default_value_t = 1)]
    pub(crate) copies: usize,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// A document that --output saved
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) show: Show,
    #[command(flatten)]
    pub(crate) files: ReportFiles,
    #[command(flatten)]
    pub(crate) channels: ChannelArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Only where this endpoint shows it, as 'GET /data'
    #[arg(long, value_name = "ENDPOINT")]
    pub(crate) endpoint: Option<String>,
    /// A document that --output saved
    #[arg(value_name = "RESULT")]
    pub(crate) result: PathBuf,
    /// The finding, as DRIP001
    #[arg(value_name = "FINDING")]
    pub(crate) finding: String,
    /// Options of run or scan, which win over those of the result
    #[arg(value_name = "OPTIONS", num_args = 0.., allow_hyphen_values = true)]
    pub(crate) words: Vec<String>,
    /// Another command than that of the result, after --
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct NotifyTestArgs {
    /// Channels that get a test message
    #[arg(long, value_name = "CHANNEL", required = true, num_args = 1.., value_delimiter = ',', value_parser = PossibleValuesParser::new(channels()))]
    pub(crate) test: Vec<String>,
    #[command(flatten)]
    pub(crate) file: NotifyFile,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The earlier result
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The later one
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
    /// What to print
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(crate) format: DiffFormat,
    /// No colours; NO_COLOR in the environment does the same
    #[arg(long, help_heading = "Output")]
    pub(crate) no_color: bool,
    /// Exit with 1 when something fails that did not, or fails more
    #[arg(long, value_name = "new", value_parser = ["new"], help_heading = "Gate")]
    pub(crate) fail_on: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum DiffFormat {
    Text,
    Markdown,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The finding, as DRIP001; without it, the list
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
}

/// What `run` and `scan` have in common.
#[derive(Debug, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(crate) show: Show,
    #[command(flatten)]
    pub(crate) request: RequestArgs,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    #[command(flatten)]
    pub(crate) reckon: ReckonArgs,
    #[command(flatten)]
    pub(crate) gate: GateArgs,
    /// Save the JSON document here, whatever is shown
    #[arg(short, long, value_name = "FILE", env = "DRIP_OUTPUT", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) files: ReportFiles,
    #[command(flatten)]
    pub(crate) notify: NotifyArgs,
    #[command(flatten)]
    pub(crate) runtime: RuntimeArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ReportFiles {
    /// Save a report in this format too, as html=report.html; repeatable
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = rendering, help_heading = "Output")]
    pub(crate) reports: Vec<Rendering>,
}

/// A format, and the file that it goes to.
#[derive(Debug, Clone)]
pub(crate) struct Rendering {
    pub(crate) format: String,
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// What to print
    #[arg(long, value_name = "FORMAT", env = "DRIP_FORMAT", default_value = "text", value_parser = PossibleValuesParser::new(formats()), help_heading = "Output")]
    pub(crate) format: String,
    /// No progress
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
    /// No colours; NO_COLOR in the environment does the same
    #[arg(long, help_heading = "Output")]
    pub(crate) no_color: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "What to request")]
pub(crate) struct RequestArgs {
    /// Method [default: GET, or POST with --data]
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    pub(crate) method: Option<String>,
    /// Header, as 'Name: value'; repeatable
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub(crate) headers: Vec<String>,
    /// Body, or @FILE to send a file as it is
    #[arg(short = 'd', long = "data", value_name = "BODY")]
    pub(crate) data: Option<String>,
    /// A description of the API, whose endpoints are asked by each pattern; auto: one that the target publishes
    #[arg(long, value_name = "FILE|URL|auto", env = "DRIP_SPEC", conflicts_with_all = ["method", "headers", "data", "expect_status"])]
    pub(crate) spec: Option<String>,
    /// A whole plan, in TOML or JSON
    #[arg(long, value_name = "FILE", env = "DRIP_PLAN", conflicts_with_all = ["spec", "patterns", "method", "headers", "data", "expect_status"])]
    pub(crate) plan: Option<PathBuf>,
    /// How to ask; all: also those that break or hold connections [default: with --spec those that do no harm]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = pattern)]
    pub(crate) patterns: Vec<String>,
    /// Ask also what may change something: POST, PUT, DELETE, and what is called logout, pay, reset
    #[arg(long)]
    pub(crate) unsafe_methods: bool,
    /// Afterwards, also try what hurts a service without limits: slow clients; large, deep and packed bodies
    #[arg(long)]
    pub(crate) probes: bool,
    /// Credentials of every request: bearer, basic, cookie, header or api-key, in TOML
    #[arg(long, value_name = "FILE", env = "DRIP_AUTH_FILE")]
    pub(crate) auth_file: Option<PathBuf>,
    /// A status outside 2xx and 3xx that is the right answer
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(100..=599))]
    pub(crate) expect_status: Option<u16>,
}

/// How the service is reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connections")]
pub(crate) struct ReachArgs {
    /// HTTP to speak; auto: 1.1, and 2 with a service that speaks no 1.1 [default: auto]
    #[arg(long, value_enum, value_name = "VERSION", env = "DRIP_HTTP")]
    pub(crate) http: Option<HttpVersion>,
    /// Connect to this Unix socket, whatever the host is
    #[arg(long, value_name = "PATH", env = "DRIP_UNIX_SOCKET")]
    pub(crate) unix_socket: Option<PathBuf>,
}

/// The way to a service that runs already, in curl's words.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connections")]
pub(crate) struct WayArgs {
    /// Connect to ADDR for HOST:PORT, as example.com:443:127.0.0.1; several addresses with commas; repeatable
    #[arg(long, value_name = "HOST:PORT:ADDR", value_parser = pinned, conflicts_with = "unix_socket")]
    pub(crate) resolve: Vec<Pinned>,
    /// Ignore the proxies that http_proxy, HTTPS_PROXY and ALL_PROXY name
    #[arg(long, env = "DRIP_NO_PROXY")]
    pub(crate) no_proxy: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HttpVersion {
    Auto,
    #[value(name = "1.1", alias = "1")]
    One,
    #[value(name = "2", alias = "2.0")]
    Two,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct LoadArgs {
    /// Concurrent users, each with a connection; over HTTP/2 ten share one [default: 50]
    #[arg(long, value_name = "N", env = "DRIP_USERS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) users: Option<u32>,
    /// Threads that send their requests, for where Drip is itself the limit and processors are idle [default: 1]
    #[arg(long, value_name = "N", env = "DRIP_THREADS", value_parser = clap::value_parser!(u32).range(1..=THREADS_MAX.into()))]
    pub(crate) threads: Option<u32>,
    /// Requests per second over all users [default: as fast as it answers]
    #[arg(long, value_name = "N", env = "DRIP_RATE", value_parser = positive)]
    pub(crate) rate: Option<f64>,
    /// Requests that may be sent at most, for each path
    #[arg(long, value_name = "N", env = "DRIP_REQUESTS", value_parser = clap::value_parser!(u64).range(20..))]
    pub(crate) requests: Option<u64>,
    /// Time that the test may take; it ends earlier when it is sure
    #[arg(long, value_name = "TIME", env = "DRIP_BUDGET", default_value = "5m", value_parser = humantime::parse_duration)]
    pub(crate) budget: Duration,
    /// Length of one dose of requests between two readings
    #[arg(long, value_name = "TIME", env = "DRIP_DOSE", default_value = "2s", value_parser = dose)]
    pub(crate) dose: Duration,
    /// Judge memory while requests come, without rests or collections: for one path of a service that must not pause
    #[arg(long, env = "DRIP_CONTINUOUS")]
    pub(crate) continuous: bool,
    /// Randomness of the slots: the same seed sends the same requests [default: another one each time]
    #[arg(long, value_name = "N", env = "DRIP_SEED")]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Reckoning")]
pub(crate) struct ReckonArgs {
    /// Memory limit to reckon with, as 512MiB; the run also stops when the service passes it
    #[arg(long, value_name = "SIZE", env = "DRIP_LIMIT", value_parser = size)]
    pub(crate) limit: Option<u64>,
    /// What a cache of the service may hold; growth below it is never called a leak
    #[arg(long, value_name = "SIZE", env = "DRIP_ASSUME_CACHE", value_parser = size)]
    pub(crate) assume_cache: Option<u64>,
    /// Requests per second that production gets, for the time until a limit
    #[arg(long, value_name = "N", env = "DRIP_RATE_EXPECTED", default_value = "10", value_parser = positive)]
    pub(crate) rate_expected: f64,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Gate")]
pub(crate) struct GateArgs {
    /// Fail also when the grade is worse than this
    #[arg(long, value_name = "GRADE", env = "DRIP_FAIL_BELOW", ignore_case = true, value_parser = PossibleValuesParser::new(["A", "B", "C", "D", "F"]))]
    pub(crate) fail_below: Option<String>,
    /// Fail also when the score is lower than this
    #[arg(long, value_name = "SCORE", env = "DRIP_FAIL_UNDER", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) fail_under: Option<u8>,
    /// An earlier result to compare with, or latest: that of the last run in this folder
    #[arg(long, value_name = "FILE|latest", env = "DRIP_BASELINE")]
    pub(crate) baseline: Option<String>,
    /// Fail also on this verdict or finding, as unclear or DRIP005; new: only on what the baseline does not have; repeatable
    #[arg(long, value_name = "VERDICT-OR-ID", value_delimiter = ',', value_parser = verdict_or_id)]
    pub(crate) fail_on: Vec<String>,
    /// Report only: a verdict never fails
    #[arg(long)]
    pub(crate) no_fail: bool,
}

/// Who is told of a run.
#[derive(Debug, Args)]
pub(crate) struct NotifyArgs {
    #[command(flatten)]
    pub(crate) channels: ChannelArgs,
    /// Tell of a run that does not pass, or of each
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        env = "DRIP_NOTIFY_ON",
        default_value = "failure",
        help_heading = "Notifications"
    )]
    pub(crate) notify_on: NotifyOn,
}

/// Where a result is told.
#[derive(Debug, Args)]
pub(crate) struct ChannelArgs {
    /// Tell the result on a channel; its address and key come from the environment or --notify-file; repeatable
    #[arg(long, value_name = "CHANNEL", value_delimiter = ',', value_parser = PossibleValuesParser::new(channels()), help_heading = "Notifications")]
    pub(crate) notify: Vec<String>,
    #[command(flatten)]
    pub(crate) file: NotifyFile,
}

/// How channels are reached.
#[derive(Debug, Args)]
pub(crate) struct NotifyFile {
    /// Addresses and keys of channels, in TOML; variables of the environment win over it
    #[arg(long, value_name = "FILE", env = "DRIP_NOTIFY_FILE", help_heading = "Notifications")]
    pub(crate) notify_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NotifyOn {
    /// Whenever the exit code is not 0, unless it was interrupted
    Failure,
    /// Also when it passes
    Always,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RuntimeName {
    Node,
    Python,
    Go,
    Jvm,
    Ruby,
    Dotnet,
    Php,
    Native,
    Unknown,
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "a number above 0 is expected".to_owned())
}

fn dose(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let bounds = Duration::from_millis(200)..=Duration::from_secs(60);
    if bounds.contains(&time) { Ok(time) } else { Err("200ms to 60s is expected".to_owned()) }
}

fn size(text: &str) -> Result<u64, String> {
    let size = text.parse::<ByteSize>().map_err(|_| "a size is expected, as 512MiB or 100MB".to_owned())?;
    if size.as_u64() == 0 { Err("more than 0 is expected".to_owned()) } else { Ok(size.as_u64()) }
}

/// `HOST:PORT:ADDR[,ADDR]`; an IPv6 address may have brackets, as a host it needs them.
fn pinned(text: &str) -> Result<Pinned, String> {
    let wrong = || "HOST:PORT:ADDR is expected, as example.com:443:127.0.0.1".to_owned();
    let (host, rest) = match text.strip_prefix('[') {
        Some(text) => text.split_once("]:").ok_or_else(wrong)?,
        None => text.split_once(':').ok_or_else(wrong)?,
    };
    let (port, addresses) = rest.split_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    let address = |text: &str| text.trim_matches(['[', ']']).parse().map_err(|_| wrong());
    let addresses = addresses.split(',').map(address).collect::<Result<Vec<_>, _>>()?;
    if host.is_empty() { Err(wrong()) } else { Ok(Pinned { host: host.to_owned(), port, addresses }) }
}

fn memory_source(text: &str) -> Result<u32, String> {
    let Some(pid) = text.strip_prefix("pid:") else { return Err("this version knows pid:N".to_owned()) };
    pid.parse().ok().filter(|pid| *pid > 0).ok_or_else(|| format!("{pid} is no process id"))
}

fn pattern(text: &str) -> Result<String, String> {
    drip_plan::choose(&[text.to_owned()]).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

fn formats() -> impl Iterator<Item = &'static str> {
    drip_report::REPORTERS.iter().map(|reporter| reporter.name())
}

fn channels() -> impl Iterator<Item = &'static str> {
    drip_notify::CHANNELS.iter().map(|channel| channel.name())
}

fn rendering(text: &str) -> Result<Rendering, String> {
    let (format, file) =
        text.split_once('=').filter(|(_, file)| !file.is_empty()).ok_or("FORMAT=FILE is expected")?;
    let known = || formats().collect::<Vec<_>>().join(", ");
    match drip_report::by_name(format) {
        Some(_) => Ok(Rendering { format: format.to_owned(), file: file.into() }),
        None => Err(format!("{format} is no format; there are {}", known())),
    }
}

/// What `--fail-on` calls all that a baseline does not have.
pub(crate) const NEW: &str = "new";

fn verdict_or_id(text: &str) -> Result<String, String> {
    let known = |name: &&str| name.eq_ignore_ascii_case(text);
    let ids = drip_catalog::PAGES.iter().map(|page| page.id);
    if let Some(name) = drip_model::Verdict::NAMES.into_iter().chain(ids).chain([NEW]).find(known) {
        return Ok(name.to_owned());
    }
    Err(format!(
        "neither a verdict ({}) nor a finding that drip explain lists",
        drip_model::Verdict::NAMES.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!(size("512MiB"), Ok(512 << 20));
        assert_eq!(size("96MB"), Ok(96_000_000));
        assert!(size("0").is_err() && size("much").is_err());
    }

    #[test]
    fn what_is_pinned_reads_as_with_curl() {
        let check = |text: &str, host: &str, port: u16, addresses: &[&str]| {
            let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
            assert_eq!(pinned(text), Ok(Pinned { host: host.into(), port, addresses }));
        };
        check("a.test:443:127.0.0.1", "a.test", 443, &["127.0.0.1"]);
        check("a.test:80:[::1],10.0.0.1", "a.test", 80, &["::1", "10.0.0.1"]);
        check("[::1]:80:::2", "::1", 80, &["::2"]);
        for wrong in ["a.test", "a.test:443", "a.test:x:127.0.0.1", "a.test:443:b.test", ":443:127.0.0.1"] {
            assert!(pinned(wrong).unwrap_err().contains("HOST:PORT:ADDR"), "{wrong}");
        }
    }

    #[test]
    fn a_report_names_its_format_and_its_file() {
        let report = rendering("sarif=out/a=b.sarif").unwrap();
        assert_eq!((report.format.as_str(), report.file.as_path()), ("sarif", "out/a=b.sarif".as_ref()));
        assert!(rendering("pdf=x").unwrap_err().contains("text, json"));
        assert!(rendering("sarif").is_err() && rendering("sarif=").is_err());
    }

    #[test]
    fn what_may_fail_is_known_by_name() {
        assert_eq!(verdict_or_id("drip001"), Ok("DRIP001".into()));
        assert_eq!(verdict_or_id("unclear"), Ok("unclear".into()));
        assert!(verdict_or_id("leak").unwrap_err().contains("leaking"));
    }
}
