//! Slow clients are held without a timeout.

use drip_model::{Category, Severity};

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP026",
    title: "Slow clients are held without a timeout",
    category: Category::Limits,
    cwe: &["CWE-400", "CWE-1088"],
    severity: SeverityRule::Fixed(Severity::Medium),
    what: "A client that sends its request byte by byte, or reads its answer that slowly, keeps its \
           connection and all that belongs to it for as long as it likes.",
    why: "A few hundred such connections from one machine, at almost no traffic, take all workers, \
          descriptors or memory. The same holds for a slow service that yours waits for without a timeout: \
          its trouble becomes yours.",
    how_seen: "With --probes, eight clients send the head of a request line by line, without an end. A service that \
               holds all of them for 100 seconds is reported. By hand: the same with half a body, and with an \
               answer that is read slowly.",
    fix: Fix {
        general: "Set four timeouts: for the request's head, for its body, for an idle connection, and for \
                  writing the answer. Set one on every outgoing call, shorter than the one of whoever waits \
                  for you. Bound the number of connections. A buffering proxy in front takes most of it \
                  away.",
        node: "http.Server has headersTimeout (60 seconds unless set) and requestTimeout (300 seconds since \
               Node 18) for receiving; search for code that sets them to 0. Nothing limits a client that \
               does not read: use server.setTimeout and server.maxConnections, and wait for drain when \
               write() returns false. Outgoing fetch: signal: AbortSignal.timeout(ms).",
        python: "gunicorn's sync workers are meant to stand behind a buffering proxy; without one a slow \
                 client occupies a worker until --timeout. uvicorn: --timeout-keep-alive and \
                 --limit-concurrency, and a proxy for slow heads and bodies. Outgoing: requests waits for \
                 ever unless timeout=(connect, read) is given; httpx waits 5 seconds unless changed.",
        go: "http.ListenAndServe has no timeouts. Use http.Server{ReadHeaderTimeout, ReadTimeout, \
             WriteTimeout, IdleTimeout}; where a route streams, set its own deadlines with \
             http.NewResponseController. Outgoing: http.DefaultClient has no timeout; set Client.Timeout or \
             a context with one.",
        java: "Tomcat: connectionTimeout (server.tomcat.connection-timeout in Spring Boot), keepAliveTimeout \
               and maxConnections; Jetty: idleTimeout. Outgoing: set connect and read timeouts on \
               HttpClient, RestTemplate, WebClient, and on JDBC (socketTimeout); several of them wait for \
               ever unless told.",
    },
    platform: OnPlatform {
        droplet: "Put nginx in front: it reads the whole request before it asks the service \
                  (proxy_request_buffering on). client_header_timeout, client_body_timeout and send_timeout \
                  are 60 seconds unless set; limit_conn bounds connections per address.",
        app_platform: "Whether the routing in front buffers slow clients is not something to rely on: set \
                       the timeouts in the application. Instances that wait for slow clients use no CPU, so \
                       autoscaling on CPU does not react.",
        functions: "The platform receives the request before the function runs. What remains is outgoing: a \
                    call without a timeout runs until the function's own timeout, 15 minutes at most, and \
                    each second is paid for.",
        kubernetes: "An ingress or gateway that buffers protects from outside; calls within the cluster \
                     arrive without it. An exec or TCP liveness probe passes while all workers are held, an \
                     HTTP probe does not.",
    },
};
