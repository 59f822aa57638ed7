//! A service that dies in the middle: told as far as it is known, and no further.

use serde_json::Value;

use crate::drip::{APP, Done, SHORT, Scene, saved, vector};

/// Runs a service that does something at its hundredth request.
fn dying(what: &str) -> (Done, Value) {
    let scene = Scene::new();
    scene.python(&DYING.replace("WHAT", &what.replace('\n', "\n    ")));
    crashed(&scene, &APP)
}

const DYING: &str = r#"
import itertools, signal

print("MemoryErrorHandler: registered", flush=True)
turn = itertools.count()

def die():
    WHAT

def answer(r):
    if r.path == "/data" and next(turn) == 100:
        die()
    r.answer()

serve(answer)
"#;

fn crashed(scene: &Scene, command: &[&str]) -> (Done, Value) {
    let done = scene.run(&[&SHORT, &["--path", "/data", "-o", "out.json"]], command);
    done.exits(1).prints(&["CRASHED", "DRIP011"]);
    let vector = vector(&saved(&scene.path("out.json"))).clone();
    assert_eq!(vector["verdict"], "crashed", "{vector:#}");
    assert!(vector["crash"]["afterRequests"].as_u64().unwrap() > 0, "{vector:#}");
    (done, vector["crash"].clone())
}

#[test]
fn an_exit_is_told_with_its_status_and_the_last_words() {
    let (done, crash) = dying("print('lost the database', flush=True)\nos._exit(7)");
    done.prints(&["exit status 7", "lost the database"]);
    assert_eq!(crash["exitCode"], 7);
    assert_eq!(crash.get("outOfMemory"), None, "a word in the output of a service proves nothing");
}

#[test]
fn a_bare_kill_is_never_called_out_of_memory() {
    let (done, crash) = dying("os.kill(os.getpid(), signal.SIGKILL)");
    done.prints(&["signal 9, killed; cause unknown"]);
    assert_eq!(crash["signal"], 9);
    assert_eq!(crash.get("outOfMemory"), None);
    let (done, crash) = dying("os._exit(137)");
    done.prints(&["exit status 137", "cause unknown"]);
    assert_eq!(crash.get("outOfMemory"), None);
}

/// A real one: the address space is limited, and asked for more.
const MEMORY_ERROR: &str = r#"import resource, traceback
resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))
try:
    bytearray(1 << 30)
except MemoryError:
    traceback.print_exc()
    sys.stderr.flush()
    os._exit(1)"#;

#[test]
fn the_memory_error_of_python_is_out_of_memory() {
    let (done, crash) = dying(MEMORY_ERROR);
    done.prints(&["MemoryError"]);
    assert!(crash["outOfMemory"].as_str().unwrap().contains("MemoryError"), "{crash}");
}

#[test]
fn a_node_service_at_its_heap_limit_is_out_of_memory() {
    let scene = Scene::new();
    scene.write(
        "app.js",
        "const kept = [];
         require('http').createServer((request, answer) => {
             if (request.url === '/data') kept.push(new Array(10000).fill(kept.length + 0.5));
             answer.end('ok');
         }).listen(process.env.PORT, '127.0.0.1');",
    );
    let (done, crash) = crashed(&scene, &["node", "--max-old-space-size=20", "app.js"]);
    done.prints(&["aborted", "out of memory", "V8"]);
    assert_eq!(crash["signal"], 6, "{crash}");
    assert!(crash["outOfMemory"].as_str().unwrap().contains("heap limit"), "{crash}");
}
