//! File descriptors or handles grow.

use drip_model::{Category, Severity};

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP007",
    title: "File descriptors or handles grow",
    category: Category::Handles,
    cwe: &["CWE-775"],
    severity: SeverityRule::Fixed(Severity::High),
    what: "The process opens files, sockets or pipes that it does not close, usually on a path that ends \
           early: an error, a client that went away, a timeout.",
    why: "At the limit of descriptors (often 1,024) every open, accept and connect fails with \"Too many \
          open files\". The process stays alive, and so passes a check of the process, but it answers \
          nobody. Memory graphs show almost nothing.",
    how_seen: "Descriptors are counted at rest, after doses of requests, in every process of the service, and judged as \
               memory is: growth with each request, beyond what a pool may hold, that fresh doses bear out. By \
               hand, on Linux: count the entries of /proc/PID/fd before and after; ls -l there shows what they are.",
    fix: Fix {
        general: "Close in the construct that runs on every path: finally, defer, with, try-with-resources, \
                  a destructor. List /proc/PID/fd to see the kind: files, sockets (then see DRIP008), pipes \
                  of child processes, watches. A higher limit only postpones the end.",
        node: "Use stream.pipeline, which destroys all its streams when one fails; pipe() does not. Close \
               FileHandles from fs.promises.open in finally. Close file watchers. Consume or destroy \
               response bodies of outgoing requests, and end child processes whose output nobody reads.",
        python: "Use with for files, sockets, sessions and temporary files. Close requests and httpx \
                 responses opened with stream=True. Close pipes of subprocess.Popen (a with block does). \
                 python -X dev shows a ResourceWarning for each object that was collected while open.",
        go: "Write defer f.Close() right after the error check; in a loop put the body into a function, \
             since defer runs at the end of the function, not of the iteration. Close resp.Body of every \
             outgoing response, also of those whose status is an error, and sql.Rows.",
        java: "Use try-with-resources for streams, channels, JDBC objects and for the Stream of Files.lines, \
               Files.list and Files.walk, which hold a descriptor each. Close HTTP responses \
               (CloseableHttpResponse, ResponseBody of OkHttp) also when their status is an error.",
    },
    platform: OnPlatform {
        droplet: "The limit of a service is LimitNOFILE= of its systemd unit. Droplet metrics do not count \
                  descriptors; count /proc/PID/fd, or scrape process_open_fds where the service exposes it.",
        app_platform: "The metrics of an app are memory, CPU and restarts, none of descriptors. A \
                       liveness_health_check with an http_path restarts an instance that can no longer \
                       accept; health_check alone decides about routing and deployment.",
        functions: "Descriptors opened at module level or left open survive in a warm container until it is \
                    recycled. Open clients once at module level, and close everything else before the \
                    invocation returns.",
        kubernetes: "A pod has no setting for descriptors; the limit is that of the container runtime. Use \
                     an HTTP liveness probe, so that the kubelet restarts a container that can no longer \
                     accept, and alert on process_open_fds against process_max_fds where the service exposes \
                     them.",
    },
};
