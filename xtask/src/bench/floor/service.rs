//! The services of `benches/floor/`: what each of them holds, and what it really does.

use super::toolchain::{self, Toolchain};

/// What is true of a service, whatever it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    /// It keeps no more than a bounded amount.
    Healthy,
    /// It keeps something of every request.
    Leaking,
}

/// One service.
pub(super) struct Service {
    /// As it is named on the command line, and in the table.
    pub(super) name: &'static str,
    /// What runs it.
    pub(super) toolchain: &'static Toolchain,
    /// What is true of it.
    pub(super) truth: Truth,
    /// What its memory is.
    pub(super) holds: &'static str,
    /// What is asked.
    pub(super) request: &'static [&'static str],
    /// What starts it, in the folder of its toolchain. Words in `{}` are filled with folders; a word that begins with
    /// `?` is there only when the service counts itself.
    pub(super) command: &'static [&'static str],
    /// Whether it is the one of its runtime that shows what attaching costs.
    pub(super) shows_cost: bool,
}

const QUERY: &[&str] = &["--path", "/?id={n}"];
const DATA: &[&str] = &["--path", "/data"];
const BODY: &[&str] = &["--path", "/", "-d", BODY_TEXT];
const INGEST: &[&str] = &[
    "--path",
    "/ingest",
    "-H",
    "Content-Type: application/json",
    "-d",
    "@{examples}/python-flask/event.json",
];
/// Larger than what CPython's own allocator takes, so that it comes from malloc.
const BODY_TEXT: &str = concat!(
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
);

const fn healthy(
    name: &'static str,
    toolchain: &'static Toolchain,
    command: &'static [&'static str],
    holds: &'static str,
) -> Service {
    let truth = Truth::Healthy;
    Service { name, toolchain, truth, holds, request: QUERY, command, shows_cost: false }
}

const fn leaking(
    name: &'static str,
    toolchain: &'static Toolchain,
    command: &'static [&'static str],
    holds: &'static str,
) -> Service {
    Service { truth: Truth::Leaking, ..healthy(name, toolchain, command, holds) }
}

const fn asked(request: &'static [&'static str], service: Service) -> Service {
    Service { request, ..service }
}

const fn costed(service: Service) -> Service {
    Service { shows_cost: true, ..service }
}

use toolchain::{EXPRESS, FLASK, GO, JAVA, NATIVE, NODE, PYTHON, RUBY};

/// Every service, by runtime, the healthy ones first.
pub(super) static SERVICES: &[Service] = &[
    costed(healthy("node-lru", &NODE, &["node", "lru.cjs"], "2,000 least recently used pages")),
    healthy("node-garbage", &NODE, &["node", "garbage.cjs"], "JSON of 15 KB parsed and written, none kept"),
    healthy("node-buffers", &NODE, &["node", "buffers.cjs"], "256 KB outside the heap per request, freed"),
    healthy("node-weak", &NODE, &["node", "weak.cjs"], "weak references and finalizers"),
    healthy("node-lazy", &NODE, &["node", "lazy.cjs"], "modules and templates on first use, a ring"),
    healthy("node-workers", &NODE, &["node", "workers.cjs"], "two worker threads"),
    healthy("node-cluster", &NODE, &["node", "cluster.cjs"], "two processes, a ring in each"),
    asked(
        DATA,
        healthy(
            "express-fixed",
            &EXPRESS,
            &[
                "node",
                "?--expose-gc",
                "?-r",
                "?{fixtures}/node-express/count-heap.cjs",
                "{fixtures}/node-express/fixed-server.js",
            ],
            "the example, a bounded log",
        ),
    ),
    asked(
        DATA,
        leaking(
            "express-leaking",
            &EXPRESS,
            &[
                "node",
                "?--expose-gc",
                "?-r",
                "?{fixtures}/node-express/count-heap.cjs",
                "{fixtures}/node-express/leaky-server.js",
            ],
            "the example, an entry per request in a list",
        ),
    ),
    leaking("node-listeners", &NODE, &["node", "listeners.cjs"], "a listener and what it closes over"),
    leaking("node-promises", &NODE, &["node", "promises.cjs"], "an async function that never ends"),
    leaking("node-bodies", &NODE, &["node", "bodies.cjs"], "2 KB outside the heap"),
    leaking("node-small", &NODE, &["node", "small.cjs"], "about 100 bytes in a map"),
    costed(healthy("python-lru", &PYTHON, &["python3", "lru.py"], "lru_cache of 3,000")),
    healthy("python-threads", &PYTHON, &["python3", "threads.py"], "threads with 512 KB of scratch memory"),
    healthy("python-prefork", &PYTHON, &["python3", "prefork.py"], "two forked workers, a ring in each"),
    healthy("python-cycles", &PYTHON, &["python3", "cycles.py"], "cycles with finalizers, weak references"),
    healthy("python-json", &PYTHON, &["python3", "json_heavy.py"], "JSON, expressions, interned words"),
    asked(
        INGEST,
        healthy(
            "flask-fixed",
            &FLASK,
            &["{fixtures}/python/bin/python", "{examples}/python-flask/fixed.py"],
            "the example, a bounded log",
        ),
    ),
    asked(BODY, leaking("python-bodies", &PYTHON, &["python3", "bodies.py"], "the body in a list")),
    leaking("python-tasks", &PYTHON, &["python3", "tasks.py"], "a task that never ends"),
    leaking("python-native", &PYTHON, &["python3", "native.py"], "300 bytes of malloc, lost"),
    leaking("python-graph", &PYTHON, &["python3", "graph.py"], "objects that hold each other, in a table"),
    costed(healthy("go-ring", &GO, &["go", "run", "./ring"], "ring of 5,000 bodies; from source")),
    healthy("go-pool", &GO, &["{built}/go/pool"], "pooled buffers, 256 KB of garbage; prebuilt"),
    healthy("go-ttl", &GO, &["{built}/go/ttl"], "entries that live half a second; pprof open"),
    healthy("go-stacks", &GO, &["{built}/go/stacks"], "goroutines with deep stacks; pprof open"),
    leaking("go-keyed", &GO, &["{built}/go/keyed"], "200 bytes in a map; pprof open"),
    leaking("go-goroutines", &GO, &["go", "run", "./goroutines"], "a blocked goroutine; from source"),
    leaking("go-bodies", &GO, &["{built}/go/bodies"], "1 KB in a slice; prebuilt"),
    costed(healthy(
        "java-lru",
        &JAVA,
        &["java", "-XX:+UseG1GC", "-cp", "{built}/java", "Lru"],
        "5,000 pages; G1",
    )),
    healthy(
        "java-garbage",
        &JAVA,
        &["java", "-XX:+UseParallelGC", "-cp", "{built}/java", "Garbage"],
        "200 KB of garbage per request; Parallel",
    ),
    healthy(
        "java-weak",
        &JAVA,
        &["java", "-XX:+UseZGC", "-Xmx512m", "-cp", "{built}/java", "Weak"],
        "weak map and cleaner; ZGC",
    ),
    healthy(
        "java-warm-up",
        &JAVA,
        &["java", "-XX:+UseSerialGC", "-cp", "{built}/java", "WarmUp"],
        "patterns, interned words, lambdas on first use; Serial",
    ),
    healthy(
        "java-locals",
        &JAVA,
        &["java", "-XX:+UseG1GC", "-cp", "{built}/java", "Locals"],
        "direct buffers per thread; G1",
    ),
    leaking(
        "java-sessions",
        &JAVA,
        &["java", "-XX:+UseG1GC", "-cp", "{built}/java", "Sessions"],
        "300 bytes in a static map; G1",
    ),
    leaking(
        "java-listeners",
        &JAVA,
        &["java", "-XX:+UseSerialGC", "-cp", "{built}/java", "Listeners"],
        "a listener of 100 bytes; Serial",
    ),
    leaking(
        "java-direct",
        &JAVA,
        &["java", "-XX:+UseParallelGC", "-cp", "{built}/java", "Direct"],
        "2 KB outside the heap; Parallel",
    ),
    costed(healthy("ruby-lru", &RUBY, &["ruby", "lru.rb"], "2,000 pages")),
    healthy("ruby-garbage", &RUBY, &["ruby", "garbage.rb"], "JSON and large strings, none kept"),
    healthy("ruby-weak", &RUBY, &["ruby", "weak.rb"], "weak map, bounded symbols, classes on first use"),
    asked(BODY, leaking("ruby-bodies", &RUBY, &["ruby", "bodies.rb"], "the body in a list")),
    leaking("ruby-closures", &RUBY, &["ruby", "closures.rb"], "a callback and what it closes over"),
    costed(healthy("native-ring", &NATIVE, &["{built}/native/ring"], "ring of 10,000 bodies")),
    healthy("native-churn", &NATIVE, &["{built}/native/churn"], "random sizes in a table"),
    healthy(
        "native-threads",
        &NATIVE,
        &["{built}/native/threads"],
        "threads that end, a megabyte that is freed",
    ),
    leaking("native-list", &NATIVE, &["{built}/native/list"], "256 bytes in a list"),
    leaking("native-lost", &NATIVE, &["{built}/native/lost"], "100 bytes of every fourth request, lost"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_there_are_enough_of_both() {
        let mut names: Vec<_> = SERVICES.iter().map(|service| service.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SERVICES.len());
        let count = |truth| SERVICES.iter().filter(|service| service.truth == truth).count();
        assert!(count(Truth::Healthy) >= 20 && count(Truth::Leaking) >= 12);
    }
}
