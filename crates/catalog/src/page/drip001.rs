//! Memory grows with each request.

use drip_model::Category;

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP001",
    title: "Memory grows with each request",
    category: Category::Memory,
    cwe: &["CWE-401", "CWE-772"],
    severity: SeverityRule::ByTimeToLimit,
    what: "Each request leaves some memory behind that is never given back. The amount is often only a few \
           hundred bytes, but it is the same each time, so memory rises with the number of requests and \
           finds no plateau.",
    why: "Ordinary traffic is enough to bring the service down: at the heap limit the process aborts, at the \
          container's limit it is killed. Requests in flight are lost, caches are cold after the restart, \
          and it begins anew. Only the number of requests matters, not their rate, so a single slow client \
          can do it on purpose, and a rate limit merely delays it. Latency usually gives no warning.",
    how_seen: "Drip sends requests in equal doses, lets the service rest after each and then reads memory: \
               the live heap after a forced collection where the runtime allows one, else anonymous memory \
               of the process tree. It reports a leak when growth per request is above zero over its whole \
               99 % interval, did not slow down to a stop, and is larger than what a cache may hold \
               (--assume-cache).",
    fix: Fix {
        general: "Find what holds the memory: take a heap profile, send some thousand requests, take \
                  another, and compare; a type whose count grew by about one per request is the leak. Then \
                  give it an end: bound the collection (a ring of fixed size, or a cache with a maximum and \
                  a time to live), move the data to a database or a log, or release it when its request \
                  ends. Run Drip again. A restart on a schedule only hides it.",
        node: "What usually holds it:\n\
               - a module-level array, Map or object that a handler adds to;\n\
               - a listener that each request adds to something global (process, a pool, a shared socket); \
               MaxListenersExceededWarning points to it;\n\
               - a setInterval, or a long setTimeout, that is never cleared;\n\
               - a promise that never settles and keeps its closure alive;\n\
               - express-session with its default MemoryStore, which is not meant for production.\n\
               What to change: bound the collection (a ring of fixed size, or lru-cache with max and ttl) or \
               move it to a database, a session store or a log; use a WeakMap for data about an object; \
               once, off or an AbortSignal for listeners; clearInterval and clearTimeout in a finally block; \
               AbortSignal.timeout for whatever may never answer. A larger --max-old-space-size only \
               postpones the end.\n\
               To find it: start with --heapsnapshot-signal=SIGUSR2, send the signal before and after some \
               thousand requests, and compare both snapshots in Chrome DevTools.",
        python: "What usually holds it:\n\
                 - a module-level list, dict or set that a handler adds to;\n\
                 - functools.cache or lru_cache(maxsize=None) on arguments that differ between requests; on \
                 a method, any lru_cache also keeps self alive;\n\
                 - a logging handler added for each request, or a logger with a new name each time: loggers \
                 are kept for ever;\n\
                 - exceptions kept together with their tracebacks, and with them every local variable;\n\
                 - a C extension that does not free what it allocates.\n\
                 What to change: cachetools.TTLCache with a maxsize, collections.deque(maxlen=...), \
                 weakref.WeakValueDictionary, or a store outside the process; configure logging once at \
                 start. gunicorn --max-requests only hides a leak by replacing workers.\n\
                 To find it: tracemalloc.start(), two take_snapshot() calls, compare_to(). It sees only what \
                 is allocated through Python's own allocators; for extensions use memray with --native.",
        go: "What usually holds it:\n\
             - a global map or slice that handlers write and nobody deletes from;\n\
             - goroutines blocked for ever on a channel, often because the receiver returned early: compare \
             /debug/pprof/goroutine before and after;\n\
             - time.After in a loop (before Go 1.23 it is kept until it fires), a Ticker without Stop;\n\
             - response bodies that are not closed, contexts whose cancel is not called;\n\
             - a short slice or string that keeps a large array alive.\n\
             What to change: a bounded cache (for example hashicorp/golang-lru/v2/expirable), select with \
             ctx.Done(), a channel with room for its one result, defer resp.Body.Close(), defer cancel(), \
             strings.Clone or slices.Clone. sync.Pool is no cure: it reuses short-lived objects and releases \
             nothing that is still referenced.\n\
             To find it: go tool pprof -base before.pb.gz after.pb.gz on two heap profiles, sample \
             inuse_space.",
        java: "What usually holds it:\n\
               - a static Map, List or ConcurrentHashMap used as a cache;\n\
               - a ThreadLocal set on pooled threads and never removed;\n\
               - listeners and callbacks registered for each request;\n\
               - HTTP sessions without a timeout;\n\
               - direct buffers, which are outside the heap.\n\
               What to change: Caffeine with maximumSize and expireAfterWrite instead of a bare map, \
               ThreadLocal.remove() in a finally block, deregister listeners, a session timeout.\n\
               To find it: jcmd PID GC.class_histogram before and after, or a heap dump opened in Eclipse \
               MAT (dominator tree).",
    },
    platform: OnPlatform {
        droplet: "Without a limit of its own the service can take all of the Droplet's memory. Then the \
                  kernel's OOM killer picks a victim, which may be another process, such as the database; \
                  swap hides the leak as slowness first. Give the service a limit (systemd: MemoryMax= with \
                  Restart=on-failure) and create an alert policy of type \
                  v1/insights/droplet/memory_utilization_percent, for example above 80 for 5m. The windows \
                  are 5m, 10m, 30m and 1h. Name the Droplet in it: a policy without entities and tags \
                  applies to all of them.",
        app_platform: "Autoscaling does not help. Its metrics are CPU, requests per second and p95 latency; \
                       there is no memory metric, it needs dedicated (apps-d-) sizes, and more instances \
                       only spread a leak, at their price. Set the alerts MEM_UTILIZATION and RESTART_COUNT \
                       in the app spec, at the component. RESTART_COUNT is the one that works for Node.js: \
                       with a leak of JavaScript objects Node 20 in a 512 MiB container aborts at its own \
                       heap limit of about 259 MiB (exit 134), before memory passes 60 %, so an alert at 80 \
                       % never fires. The app's metrics begin anew with each restart, so a fast leak may \
                       never show in the graph.",
        functions: "A function has 128 MB to 1 GB of memory, 256 MB unless set. Module-level state survives \
                    between invocations in a warm container, so the leak is real; recycling of containers \
                    caps it, and what it costs is GB-seconds and cold starts. There is no memory metric to \
                    watch it with. Keep nothing at module level that grows, or bound it.",
        kubernetes: "Set resources.limits.memory. At the limit the kernel kills the process (cgroup OOM) and \
                     the kubelet restarts the container in place, in the same pod: reason OOMKilled, exit \
                     137. A Deployment plays no part in it, and a bare Pod has none. A \
                     HorizontalPodAutoscaler on the memory of a leaking service ratchets up to its maximum. \
                     Node autoscaling reacts to unschedulable pods, not to memory in use. Alert on container \
                     restarts, and on the working set against the limit; on DigitalOcean Kubernetes, metrics \
                     of pods need metrics-server or kube-state-metrics, which are installed separately.",
    },
};
