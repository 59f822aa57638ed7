//! Results told on channels: each gets what it takes, and none of them can change what a build is told.

use std::process::Command;

use serde_json::Value;

use crate::drip::{APP, BRIEF, Done, Running, SHORT, Scene, port, saved, words};

/// What stands in every URL and must stand nowhere else.
const SECRET: &str = "hush-hush";
const PAGERDUTY_KEY: &str = "0123456789abcdef0123456789abcdef";
/// The base64 of 32 bytes.
const WEBHOOK_SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const ALL: [&str; 4] = ["slack", "teams", "webhook", "pagerduty"];

/// Answers as each channel does when all is well, and writes down what it got.
const RECEIVER: &str = r#"
import json

def well(r):
    if r.path.startswith("/slack"):
        r.answer(200, b"ok")
    elif r.path.startswith("/teams"):
        r.answer(202, b"")
    elif r.path.startswith("/pagerduty"):
        r.answer(202, b'{"status":"success","message":"Event processed","dedup_key":"x"}')
    else:
        r.answer(204, b"")

def receive(r):
    headers = {name.lower(): value for name, value in r.headers.items()}
    note("received", json.dumps({"path": r.path, "headers": headers, "body": r.body.decode()}))
    answer(r)
"#;

/// Verifies a signature with nothing of ours: Python's own HMAC, after the text of Standard Webhooks.
const VERIFY: &str = r#"
import base64, hashlib, hmac, json, sys

message = json.loads(sys.stdin.readline())
headers, secret = message["headers"], base64.b64decode(sys.argv[1].removeprefix("whsec_"))
signed = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.{message["body"]}'
expected = base64.b64encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest()).decode()
signatures = [word.split(",", 1) for word in headers["webhook-signature"].split(" ")]
assert any(hmac.compare_digest(signature, expected) for version, signature in signatures if version == "v1")
"#;

/// Everybody who can be told, on this machine.
struct Receiver<'a> {
    scene: &'a Scene,
    port: u16,
    _app: Running,
}

impl<'a> Receiver<'a> {
    /// One that answers as `answer(r)` says; `well(r)` is as it should be.
    fn answering(scene: &'a Scene, answer: &str) -> Self {
        let port = port();
        let answer = format!("def answer(r):\n    {}\n", answer.replace('\n', "\n    "));
        scene.write("receiver.py", format!("from service import *\n{RECEIVER}\n{answer}\nserve(receive)\n"));
        let app = scene.serve_file("receiver.py", port);
        Self { scene, port, _app: app }
    }

    fn well(scene: &'a Scene) -> Self {
        Self::answering(scene, "well(r)")
    }

    /// `drip` with all that it needs to reach this receiver.
    fn command(&self, words: &[&str]) -> Command {
        let url = |channel: &str| format!("http://127.0.0.1:{}/{channel}/{SECRET}", self.port);
        let mut command = self.scene.drip_command(words);
        command
            .env("DRIP_SLACK_URL", url("slack"))
            .env("DRIP_TEAMS_URL", url("teams"))
            .env("DRIP_WEBHOOK_URL", url("webhook"))
            .env("DRIP_WEBHOOK_SECRET", WEBHOOK_SECRET)
            .env("DRIP_PAGERDUTY_URL", url("pagerduty"))
            .env("DRIP_PAGERDUTY_KEY", PAGERDUTY_KEY);
        command
    }

    fn drip(&self, words: &[&str]) -> Done {
        self.scene.spawn(&mut self.command(words)).end()
    }

    /// What a channel got so far, the first first.
    fn received(&self, channel: &str) -> Vec<Value> {
        let text = self.scene.read("received");
        let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        all.filter(|message| message["path"] == format!("/{channel}/{SECRET}")).collect()
    }

    /// The one message that a channel got.
    #[track_caller]
    fn message(&self, channel: &str) -> Value {
        let received = self.received(channel);
        assert_eq!(received.len(), 1, "{received:#?}");
        assert_eq!(received[0]["headers"]["content-type"], "application/json");
        serde_json::from_str(received[0]["body"].as_str().unwrap()).unwrap()
    }
}

#[track_caller]
fn verify(scene: &Scene, message: &Value) {
    scene.write("message", format!("{message}\n"));
    let script = format!("python3 -c \"$VERIFY\" {WEBHOOK_SECRET} < message");
    scene.spawn(scene.command("sh").env("VERIFY", VERIFY).args(["-c", &script])).end().exits(0);
}

/// Keeps what it is sent.
const LEAKING: &str = "const kept = []; require('http').createServer((_, answer) => { \
                       kept.push(Buffer.alloc(20000, 1)); answer.end('ok'); }).listen(process.env.PORT, '127.0.0.1');";

#[test]
fn a_leak_is_told_on_every_channel_as_it_takes_it() {
    let scene = Scene::new();
    scene.write("app.js", LEAKING);
    let receiver = Receiver::well(&scene);
    let notify =
        ["--notify", "slack,teams", "--notify", "webhook", "--notify", "pagerduty", "-o", "out.json"];
    receiver.drip(&words("run", &[&notify, &SHORT], &["node", "app.js"])).exits(1).never_tells(SECRET);

    let slack = receiver.message("slack");
    assert_eq!(slack["blocks"][0]["text"]["text"], "Drip: LEAKING");
    assert!(slack["text"].as_str().unwrap().contains("GET / keeps"), "{slack:#}");
    let teams = receiver.message("teams");
    let card = &teams["attachments"][0]["content"];
    assert_eq!((&card["type"], &card["body"][0]["text"]), (&"AdaptiveCard".into(), &"Drip: LEAKING".into()));
    let event = receiver.message("pagerduty");
    assert_eq!((&event["event_action"], &event["payload"]["severity"]), (&"trigger".into(), &"error".into()));
    let webhook = receiver.message("webhook");
    assert_eq!(webhook["type"], "drip.run.failed");
    assert_eq!(webhook["data"]["findings"][0]["id"], "DRIP001");
    assert_eq!(webhook["data"]["reason"], "GET / is leaking");
    verify(&scene, &receiver.received("webhook")[0]);

    let document = saved(&scene.path("out.json"));
    let told: Vec<_> = document["notifications"].as_array().unwrap().iter().collect();
    assert_eq!(told.iter().map(|told| told["channel"].as_str().unwrap()).collect::<Vec<_>>(), ALL);
    assert!(told.iter().all(|told| told["delivered"] == true), "{told:#?}");
    assert!(!scene.read("out.json").contains(SECRET));
    let again = scene.drip(&["report", "out.json", "--format", "json"]).document();
    assert_eq!(again["notifications"], document["notifications"]);
}

#[test]
fn a_pass_is_told_only_where_that_is_wanted() {
    let scene = Scene::answering("r.answer()");
    let receiver = Receiver::well(&scene);
    let run = |options: &[&str]| {
        let options = [&["--no-fail", "--notify", "pagerduty"], options].concat();
        receiver.drip(&words("run", &[&options, &BRIEF], &APP)).exits(0).never_tells("was not told");
    };
    run(&[]);
    assert!(receiver.received("pagerduty").is_empty());
    run(&["--notify-on", "always"]);
    assert_eq!(receiver.message("pagerduty")["event_action"], "resolve");
}

#[test]
fn a_service_under_test_does_not_get_the_keys() {
    let scene = Scene::answering("r.answer()");
    scene.python("note('keys', [name for name in os.environ if name.startswith(('DRIP_SLACK', 'DRIP_TEAMS', 'DRIP_WEBHOOK', 'DRIP_PAGER'))])\nserve(lambda r: r.answer())");
    let receiver = Receiver::well(&scene);
    receiver.drip(&words("run", &[&BRIEF], &APP)).exits(4);
    assert_eq!(scene.read("keys").trim(), "[]");
}

#[test]
fn a_saved_result_can_be_told_too() {
    let scene = Scene::answering("r.answer()");
    scene.run_app(&[&["-o", "out.json"], &BRIEF]);
    let receiver = Receiver::well(&scene);
    receiver.drip(&["report", "out.json", "--notify", "webhook"]).exits(0).prints(&["UNCLEAR"]);
    assert_eq!(receiver.message("webhook")["data"]["verdict"], "unclear");
}

#[test]
fn a_dead_channel_is_told_and_changes_no_exit_code() {
    let scene = Scene::answering("r.answer()");
    let receiver = Receiver::answering(
        &scene,
        "r.send_response(302)\nr.send_header('Location', '/elsewhere')\nr.send_header('Content-Length', '0')\nr.end_headers()",
    );
    let options = ["--no-fail", "--notify", "slack", "--notify-on", "always", "--format", "json"];
    let done = receiver.drip(&words("run", &[&options, &BRIEF], &APP));
    done.exits(0).says(&[
        "slack was not told",
        "status 302",
        "redirects are not followed",
        "http://127.0.0.1",
    ]);
    done.never_tells(SECRET);
    let document = done.document();
    assert_eq!(document["notifications"][0]["delivered"], false, "{document:#}");
    assert!(!scene.read("received").contains("elsewhere"));
    assert_eq!(receiver.received("slack").len(), 1);
}

/// `drip notify --test` of one channel whose receiver answers like this.
fn tested(channel: &str, answer: &str) -> (Done, usize) {
    let scene = Scene::new();
    let receiver = Receiver::answering(&scene, answer);
    let done = receiver.drip(&["notify", "--test", channel]);
    done.never_tells(SECRET);
    (done, receiver.received(channel).len())
}

#[test]
fn a_test_message_arrives_or_its_failure_is_told() {
    for channel in ALL {
        tested(channel, "well(r)").0.exits(0).says(&[&format!("{channel} took the message")]);
    }
    for (channel, answer, why) in [
        ("slack", "r.answer(200, b'invalid_blocks')", "invalid_blocks"),
        ("teams", "r.answer(200, b'Webhook message delivery failed')", "delivery failed"),
        (
            "pagerduty",
            "r.answer(202, b'{\"status\":\"invalid event\",\"message\":\"no\"}')",
            "it said \"no\"",
        ),
        ("webhook", "r.answer(410)", "gone for good"),
        ("slack", "r.answer(404, b'channel_not_found')", "status 404"),
    ] {
        let (done, attempts) = tested(channel, answer);
        done.exits(1).says(&["was not told", why]);
        assert_eq!(attempts, 1, "{done}");
    }
}

/// Answers the first request like this and the others well.
fn at_first(answer: &str) -> String {
    format!(
        "if not os.path.exists('asked'):\n    note('asked')\n    {}\nelse:\n    well(r)",
        answer.replace('\n', "\n    ")
    )
}

#[test]
fn what_may_pass_is_tried_again_when_the_channel_says() {
    let scene = Scene::new();
    let busy = "r.send_response(429)\nr.send_header('Retry-After', '2')\nr.send_header('Content-Length', '0')\nr.end_headers()";
    let receiver = Receiver::answering(&scene, &at_first(busy));
    let done = receiver.drip(&["notify", "--test", "webhook"]);
    done.exits(0);
    assert!(done.took.as_secs() >= 2, "{done}");
    let received = receiver.received("webhook");
    assert_eq!(received.len(), 2);
    let header = |n: usize, name: &str| received[n]["headers"][name].clone();
    assert_eq!(header(0, "webhook-id"), header(1, "webhook-id"));
    assert_ne!(header(0, "webhook-timestamp"), header(1, "webhook-timestamp"));
    received.iter().for_each(|message| verify(&scene, message));
}

#[test]
fn a_channel_that_asks_for_too_much_time_is_given_up() {
    let late = "r.send_response(429)\nr.send_header('Retry-After', '3600')\nr.send_header('Content-Length', '0')\nr.end_headers()";
    let (done, attempts) = tested("slack", late);
    done.exits(1).says(&["status 429", "too late"]);
    assert_eq!(attempts, 1);
}

#[test]
fn a_body_without_end_is_not_read_to_its_end() {
    let endless = "r.send_response(200)\nr.end_headers()\nwhile True:\n    r.wfile.write(b'x' * 65536)";
    tested("slack", endless).0.exits(1).says(&["slack was not told"]);
}

/// Bounds of one delivery, and what starting a process takes.
const HANG_SECONDS_MAX: u64 = 45;

#[test]
fn a_channel_that_hangs_costs_no_more_than_its_bound_and_nobody_else_waits() {
    let (done, attempts) = tested("slack", "time.sleep(600)");
    done.exits(1).says(&["no answer in time"]);
    assert!(done.took.as_secs() < HANG_SECONDS_MAX && attempts <= 3, "{done}");
}

#[test]
fn what_is_missing_or_wrong_is_told_before_anything_starts() {
    let scene = Scene::new();
    let run = ["run", "--notify", "slack", "--", "touch", "started"];
    scene.drip(&run).exits(2).says(&["slack needs DRIP_SLACK_URL in the environment", "--notify-file"]);
    let with = |url: &str| scene.spawn(scene.drip_command(&run).env("DRIP_SLACK_URL", url)).end();
    with("http://hooks.example.com/hush-hush")
        .exits(2)
        .says(&["must begin with https://"])
        .never_tells(SECRET);
    with("hush-hush").exits(2).says(&["DRIP_SLACK_URL"]).never_tells(SECRET);
    scene
        .drip(&["run", "--notify", "slak", "--", "touch", "started"])
        .exits(2)
        .says(&["slak", "slack, teams"]);
    for (text, why) in [
        ("slak-url = 'hush-hush'", "slak-url is no setting; did you mean slack-url?"),
        ("slack-url = hush-hush", "line 1 is not TOML"),
        ("slack-url = 7", "slack-url: a text is expected"),
    ] {
        scene.write("channels.toml", text);
        let options = ["--notify", "slack", "--notify-file", "channels.toml"];
        let done = scene.run(&[&options], &["touch", "started"]);
        done.exits(2).says(&["channels.toml", why]).never_tells(SECRET);
    }
    assert!(!scene.exists("started"));
}

#[test]
fn channels_and_their_addresses_can_stand_in_files() {
    let scene = Scene::answering("r.answer()");
    let receiver = Receiver::well(&scene);
    scene
        .write("channels.toml", format!("slack-url = 'http://127.0.0.1:{}/slack/{SECRET}'\n", receiver.port));
    scene.write(
        "drip.toml",
        "notify = ['slack']\nnotify-on = 'always'\nnotify-file = 'channels.toml'\nno-fail = true\n",
    );
    scene.run_app(&[&BRIEF]).exits(0).never_tells("was not told");
    assert_eq!(receiver.message("slack")["blocks"][0]["type"], "header");
}
