//! A leak by new keys is told from one of every request, and the key is named.

use serde_json::Value;

use crate::drip::{PATIENCE, Scene, vector, words};

/// Judged with requests whose `q` and `page` are new each time.
fn judged(app: &str) -> Value {
    let scene = Scene::new();
    scene.python(app);
    let asked = ["--path", "/search?q={uuid}&page={n}", "--format", "json"];
    let usual = ["--users", "4", "--dose", "200ms", "--budget", "60s"];
    let run = scene.start(&words("run", &[&usual, &asked], &crate::drip::APP));
    run.end_within(PATIENCE).exits(1).document()
}

#[test]
fn what_is_kept_for_each_new_value_is_unbounded_and_names_the_parameter() {
    let document = judged(
        "import urllib.parse\n\ncache = {}\n\n\
         def answer(r):\n    query = urllib.parse.parse_qs(urllib.parse.urlsplit(r.path).query)\n    \
         key = query.get('q', [''])[0]\n    if key not in cache:\n        cache[key] = os.urandom(20_000)\n    r.answer()\n\n\
         serve(answer)\n",
    );
    let vector = vector(&document);
    assert_eq!(
        (&vector["verdict"], &vector["key"]),
        (&"unbounded".into(), &"query parameter q".into()),
        "{vector:#}"
    );
    assert_eq!(document["findings"][0]["id"], "DRIP003", "{document:#}");
}

#[test]
fn what_is_kept_of_every_request_needs_no_key() {
    let document = judged(
        "kept = []\n\ndef answer(r):\n    kept.append(os.urandom(20_000))\n    r.answer()\n\nserve(answer)\n",
    );
    let vector = vector(&document);
    assert_eq!((&vector["verdict"], &vector["key"]), (&"leaking".into(), &Value::Null), "{vector:#}");
    assert_eq!(document["findings"][0]["id"], "DRIP001", "{document:#}");
}
