//! Threads, goroutines, timers or listeners grow.

use drip_model::{Category, Severity};

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP009",
    title: "Threads, goroutines, timers or listeners grow",
    category: Category::Handles,
    cwe: &["CWE-772"],
    severity: SeverityRule::Fixed(Severity::Medium),
    what: "Each request starts something that does not end: a thread, a goroutine, a timer, a subscription, \
           a listener. Each keeps alive all that it refers to.",
    why: "Memory goes with them, a stack or a closure each. Threads meet a limit of their own, after which \
          none can be started. Timers and listeners also cost CPU: each event calls all of them.",
    how_seen: "Threads, child processes and, where Go tells them, goroutines are counted at rest and judged as memory \
               is. Timers and listeners show by the memory that they hold, as DRIP001. By hand: Threads in \
               /proc/PID/status, go_goroutines, jvm_threads_live_threads for Java, and in Node.js \
               emitter.listenerCount and process.getActiveResourcesInfo().",
    fix: Fix {
        general: "Whoever starts something must know when it ends: tie it to the request's lifetime, give it \
                  a timeout, and cancel it when the client goes away. Use a pool of fixed size instead of a \
                  thread per request. Subscribe once at start instead of in a handler.",
        node: "Register listeners on process, sockets and pools once, outside handlers, or with once or an \
               AbortSignal per request; do not silence MaxListenersExceededWarning with setMaxListeners(0). \
               clearInterval and clearTimeout in finally. Race against a timeout only if the timer is \
               cleared by the winner.",
        python: "Use one ThreadPoolExecutor or process pool for the application, not one per request; shut \
                 down the ones that are made for a job (with does). In asyncio use TaskGroup and \
                 asyncio.timeout, so that no task outlives its request. Disconnect signals and callbacks \
                 that were connected per request.",
        go: "A goroutine that sends needs a receiver for ever, or select with ctx.Done(), or a channel with \
             room for its result. Call cancel of every context (go vet finds some), stop tickers. Run goleak \
             (go.uber.org/goleak) in tests; /debug/pprof/goroutine?debug=1 groups those that hang by their \
             stack.",
        java: "Share executors and shut down temporary ones (ExecutorService is AutoCloseable since Java \
               19). Use one HttpClient, one Timer, one ScheduledExecutorService per application. Bound pools \
               and queues. Deregister listeners, or hold them weakly. jcmd PID Thread.print shows what they \
               wait for.",
    },
    platform: OnPlatform {
        droplet: "systemd counts threads of a unit and stops them at TasksMax=; systemctl status shows the \
                  number. Droplet metrics do not count threads.",
        app_platform: "App metrics do not count threads; they show as memory and CPU that rise together. Set \
                       CPU_UTILIZATION besides MEM_UTILIZATION and RESTART_COUNT at the component in the app \
                       spec.",
        functions: "What is still running when an invocation returns may be frozen with its container and go \
                    on in the next invocation. Await everything, and clear timers, before returning.",
        kubernetes: "The kubelet limits processes and threads of a pod with podPidsLimit where the node sets \
                     it; at the limit new threads fail, and the pod is not killed for it. Alert on the \
                     runtime's own count.",
    },
};
