//! What is not memory and runs out all the same.

use serde_json::Value;

use crate::drip::{APP, SHORT, Scene, vector};

const OPENS: &str =
    "def answer(r):\n    os.open('/dev/null', os.O_RDONLY)\n    r.answer()\n\nserve(answer)\n";

/// The verdict rests on a count of this signal, grows by one with each request, and has the finding.
#[track_caller]
fn assert_counted(document: &Value, signal: &str, finding: &str) {
    let vector = vector(document);
    assert_eq!((&vector["verdict"], &vector["unit"]), (&"leaking".into(), &"count".into()), "{vector:#}");
    assert_eq!(vector["signal"], signal, "{vector:#}");
    let estimate = vector["perRequest"]["estimate"].as_f64().unwrap();
    assert!((0.8..1.2).contains(&estimate), "{vector:#}");
    assert_eq!(document["findings"][0]["id"], finding, "{document:#}");
}

#[test]
fn a_descriptor_that_each_request_leaves_open_is_found() {
    let scene = Scene::new();
    scene.python(OPENS);
    let done = scene.run_app(&[&SHORT, &["--path", "/data", "--format", "json"]]);
    assert_counted(&done.exits(1).document(), "descriptors", "DRIP007");
}

/// Python may open 1,024 by default on many systems: a run that opens them all at once judges a dying service.
#[test]
fn a_service_that_may_open_few_is_not_run_into_its_limit() {
    let scene = Scene::new();
    scene.python(OPENS);
    let limited = format!("ulimit -n 1024; exec {} {}", APP[0], APP[1]);
    let done = scene.run(&[&SHORT, &["--path", "/data", "--format", "json"]], &["sh", "-c", &limited]);
    let document = done.exits(1).document();
    assert_counted(&document, "descriptors", "DRIP007");
    assert_eq!(vector(&document)["tally"]["errors"], serde_json::json!({}), "{document:#}");
    assert_eq!(vector(&document)["toLimit"]["limitCount"], 1024, "{document:#}");
}

#[test]
fn a_thread_that_each_request_leaves_behind_is_found() {
    let scene = Scene::new();
    scene.python(
        "def answer(r):\n    threading.Thread(target=threading.Event().wait, daemon=True).start()\n    r.answer()\n\n\
         serve(answer)\n",
    );
    let done = scene.run_app(&[&SHORT, &["--path", "/data", "--format", "json", "--requests", "3000"]]);
    let document = done.exits(1).document();
    let ids: Vec<_> =
        document["findings"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"DRIP009"), "{document:#}");
}

/// Of each upload that breaks off, the file that it was written to stays open.
const UPLOADS: &str = r"
class Upload(Request):
    def do_POST(self):
        file = os.open('/dev/null', os.O_WRONLY)
        length = int(self.headers['Content-Length'])
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionError('the client went away')
        os.close(file)
        self.answer()


server = Server(('127.0.0.1', int(os.environ['PORT'])), Upload)
server.serve_one = lambda r: r.answer()
server.serve_forever()
";

#[test]
fn an_upload_that_the_client_breaks_off_leaks_what_a_whole_one_does_not() {
    let scene = Scene::new();
    scene.python(UPLOADS);
    let upload = ["-X", "POST", "-d", "{pad:8000}", "--path", "/upload", "--format", "json"];
    let done = scene.run_app(&[&SHORT, &upload, &["--patterns", "aborted-upload"]]);
    assert_counted(&done.exits(1).document(), "descriptors", "DRIP007");
    let whole = scene.run_app(&[&SHORT, &upload]).document();
    assert_ne!(vector(&whole)["verdict"], "leaking", "{whole:#}");
}
