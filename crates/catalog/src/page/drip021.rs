//! 502, 503, 504 or resets under constant load.

use drip_model::{Category, Severity};

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP021",
    title: "Gateway errors or closed connections under constant load",
    category: Category::Availability,
    cwe: &["CWE-400"],
    severity: SeverityRule::Range {
        low: Severity::Low,
        high: Severity::Medium,
        rule: "medium from 1 % of the requests on; without a memory reading never more",
    },
    what: "Among good answers there are 502, 503 or 504, or connections that were closed before the answer \
           was whole, at a load that the service otherwise answers. It is a symptom: a process that \
           restarts, a queue or pool that is full, or a proxy that gave up waiting.",
    why: "Clients see failures. If the cause is a restart for lack of memory it comes back, with each round \
          of traffic.",
    how_seen: "Drip counts statuses and broken connections of each endpoint. It reports this only where it \
               could not see memory and other requests of the same endpoint succeeded, and always as \
               possible, never as a leak: a proxy's limit of rate or connections looks the same. Where the service \
               was gone and came back, each time after about as many requests, it says after how many.",
    fix: Fix {
        general: "Find out who answered: the service or a proxy before it (headers and the proxy's log \
                  tell). Look for restarts at the same moment. 502 and resets point to a process that went \
                  away or to a keep-alive that is shorter than the proxy's; 503 to a full queue or a missing \
                  instance; 504 to slow work. Then run Drip with a memory source (--memory, or drip run), \
                  which can decide what this cannot.",
        node: "Single resets under keep-alive: server.keepAliveTimeout (5 seconds unless set) must be longer \
               than the idle timeout of the proxy before it. Resets in groups: the process restarted; look \
               for exit 134 or an unhandled rejection in the log. 503 or 504: the event loop is blocked \
               (perf_hooks.monitorEventLoopDelay).",
        python: "gunicorn ends a worker that is silent for longer than --timeout (30 seconds) and its client \
                 gets a reset or 502; [CRITICAL] WORKER TIMEOUT is in the log. --max-requests without \
                 --max-requests-jitter restarts all workers together. For uvicorn set --timeout-keep-alive \
                 longer than the proxy's idle timeout.",
        go: "A panic in a handler closes the connection without an answer; look for \"http: panic serving\" \
             in the log. WriteTimeout shorter than the work cuts answers. IdleTimeout must be longer than \
             the proxy's idle timeout. Shut down with Server.Shutdown, so that deployments do not cut \
             requests.",
        java: "A full queue of Tomcat or Jetty refuses connections: see maxThreads and acceptCount, and what \
               the threads wait for (jcmd PID Thread.print), often a connection pool that is empty \
               (DRIP008). Long pauses in -Xlog:gc end as 504. Set keep-alive longer than the proxy's.",
    },
    platform: OnPlatform {
        droplet: "The log of nginx or of the load balancer tells which side closed first. journalctl -u \
                  SERVICE shows restarts, journalctl -k the OOM killer.",
        app_platform: "Compare the times with restart_count of the app's metrics and with the logs of \
                       restarted instances (RUN_RESTARTED). Set a RESTART_COUNT alert at the component. With \
                       a single instance each restart shows as errors; a health_check keeps requests from an \
                       instance that is not ready.",
        functions: "A namespace may run 120 invocations at once and 600 per minute; beyond that it is a \
                    limit and no failure of the code. Look at error count and duration of the function; one \
                    that passes its memory or its timeout ends as an error too.",
        kubernetes: "503 from an ingress usually means that no pod is ready. kubectl get pods shows \
                     restarts, kubectl describe pod their reason. During rollouts give pods a preStop delay \
                     and handle SIGTERM, so that endpoints are withdrawn before the process ends.",
    },
};
