//! Several endpoints in one run: the guilty one is named, and nobody else.

use serde_json::Value;

use crate::drip::{PATIENCE, Scene, words};

/// Time for three endpoints and for the doses that must bear a verdict out.
const OPTIONS: [&str; 8] = ["--users", "4", "--dose", "200ms", "--budget", "60s", "--format", "json"];

/// Verdicts by endpoint, in the order of the plan.
fn verdicts(document: &Value) -> Vec<(&str, &str)> {
    let vectors = document["vectors"].as_array().unwrap().iter();
    vectors.map(|v| (v["endpoint"].as_str().unwrap(), v["verdict"].as_str().unwrap())).collect()
}

fn judged(app: &str, paths: &[&str]) -> Value {
    let scene = Scene::new();
    scene.python(app);
    let paths: Vec<&str> = paths.iter().flat_map(|path| ["--path", path]).collect();
    let run = scene.start(&words("run", &[&OPTIONS, &paths], &crate::drip::APP));
    run.end_within(PATIENCE * 2).exits(1).document()
}

#[test]
fn one_of_three_leaks_and_is_the_only_one_that_is_accused() {
    let document = judged(
        "kept, ring = [], collections.deque(maxlen=500)\n\n\
         def answer(r):\n    if r.path == '/leak':\n        kept.append(os.urandom(20_000))\n    \
         if r.path == '/ring':\n        ring.append(os.urandom(2_000))\n    r.answer()\n\n\
         serve(answer)\n",
        &["/fine", "/leak", "/ring"],
    );
    let found = verdicts(&document);
    assert_eq!(found[1], ("GET /leak", "leaking"), "{document:#}");
    for (endpoint, verdict) in [found[0], found[2]] {
        assert!(["steady", "settling", "unclear"].contains(&verdict), "{endpoint}: {verdict}\n{document:#}");
    }
    let leak = &document["vectors"][1];
    assert_eq!(leak["confirmed"], true, "{leak:#}");
    let estimate = leak["perRequest"]["estimate"].as_f64().unwrap();
    assert!((16_000.0..24_000.0).contains(&estimate), "{estimate}");
    let accused: Vec<_> = document["findings"].as_array().unwrap().iter().map(|f| &f["endpoint"]).collect();
    assert_eq!(accused, ["GET /leak"], "{document:#}");
}

#[test]
fn growth_with_time_is_laid_to_no_endpoint() {
    let document = judged(
        "kept = []\n\n\
         def grow():\n    while True:\n        kept.append(os.urandom(300_000))\n        time.sleep(0.05)\n\n\
         threading.Thread(target=grow, daemon=True).start()\n\
         serve(lambda r: r.answer())\n",
        &["/one", "/other"],
    );
    for (endpoint, verdict) in verdicts(&document) {
        assert!(["growing-with-time", "unclear"].contains(&verdict), "{endpoint}: {verdict}\n{document:#}");
    }
    let growing = |vector: &&Value| vector["verdict"] == "growing-with-time";
    let limit = &document["vectors"].as_array().unwrap().iter().find(growing).unwrap()["toLimit"];
    let range = &limit["secondsRange"];
    let (soonest, seconds) = (range["low"].as_u64().unwrap(), limit["seconds"].as_u64().unwrap());
    assert!(0 < soonest && soonest <= seconds && limit.get("requests").is_none(), "{limit:#}");
    let findings = document["findings"].as_array().unwrap();
    let found: Vec<_> = findings.iter().map(|f| (&f["id"], f["endpoint"].as_str())).collect();
    assert_eq!(found, [(&Value::from("DRIP004"), None)], "{document:#}");
}
