//! Runtime telemetry is exposed to anyone.

use drip_model::{Category, Severity};

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP030",
    title: "Runtime telemetry is exposed to anyone",
    category: Category::Exposure,
    cwe: &["CWE-200", "CWE-497"],
    severity: SeverityRule::Range {
        low: Severity::Low,
        high: Severity::Critical,
        rule: "low for plain metrics, medium for expvar and actuator metrics, high for pprof, critical for \
               heap dumps, Jolokia and debuggers",
    },
    what: "Metrics, profiles or debugging endpoints of the service answer without credentials: /metrics, \
           /debug/vars, /debug/pprof/, /actuator, /jolokia, a debugger's port.",
    why: "Metrics tell an attacker how fast memory fills and which requests do it. /debug/vars shows the \
          command line with its arguments, a heap dump contains passwords and sessions, and Jolokia or a \
          debugger changes the running program. Profiles and dumps are also work: taking them again and \
          again slows the service down.",
    how_seen: "A scan of this machine, or of a host that the user owns, asks once for a dozen usual paths, without \
               credentials, and looks for the marks of each (\"# TYPE\", \"memstats\", the list of profiles); a \
               page that answers 200 to everything does not count. Profiles and heap dumps are never fetched. From \
               the machine itself the finding is tentative, since strangers may not reach the port.",
    fix: Fix {
        general: "Serve telemetry on a port or address of its own that only the monitoring network reaches, \
                  or require credentials. Keep useful metrics; close dumps, profiles and debuggers to \
                  everybody but operators.",
        node: "Serve prom-client's register on a second server bound to a private address instead of \
               app.get('/metrics') on the public one. Do not start with --inspect in production, and never \
               with --inspect=0.0.0.0; a debugger can run any code. Protect express-status-monitor, or \
               remove it.",
        python: "prometheus_client.start_http_server(port, addr='127.0.0.1') on a port of its own, instead \
                 of mounting make_asgi_app on the public application. Never run Flask or Werkzeug with debug \
                 on, or Django with DEBUG = True, in production.",
        go: "import _ \"net/http/pprof\" and expvar register on http.DefaultServeMux: use a ServeMux of your \
             own for the public server, and serve the default one on 127.0.0.1 or a private port.",
        java: "management.server.port and management.server.address put the actuator on a port of its own; \
               expose by name (management.endpoints.web.exposure.include=health,prometheus), never with *. \
               heapdump is restricted by default since Spring Boot 3.5. Put Spring Security before the rest, \
               and remove Jolokia from public services.",
    },
    platform: OnPlatform {
        droplet: "Bind telemetry to 127.0.0.1 or to the VPC address, and close its port with a Cloud \
                  Firewall for everybody but the monitoring host.",
        app_platform: "All paths under the component's route are public. Serve telemetry on a port listed in \
                       internal_ports, which only other components of the app reach.",
        functions: "A web function (web: true in project.yml) is public unless it is secured (webSecure) or \
                    checks credentials itself. Do not return environment or memory of the process. The key \
                    of a namespace is a credential.",
        kubernetes: "Serve telemetry on a port of its own that no Ingress or LoadBalancer Service names, and \
                     let a NetworkPolicy admit only the monitoring namespace. Profiling endpoints of the \
                     kubelet and of control plane parts belong behind authorization as well.",
    },
};
