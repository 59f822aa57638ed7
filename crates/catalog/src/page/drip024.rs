//! Body, nesting, array or batch without a limit.

use drip_model::{Category, Severity};

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP024",
    title: "Body, nesting, array or batch without a limit",
    category: Category::Limits,
    cwe: &["CWE-770", "CWE-674"],
    severity: SeverityRule::Range {
        low: Severity::Medium,
        high: Severity::High,
        rule: "high when one request of at most 1 MiB takes a large part of the memory limit or ends the \
               service",
    },
    what: "The service reads and parses whatever it is sent: a body of any size, lists of any length, \
           objects nested to any depth, a batch of any number of operations.",
    why: "Parsed data takes several times the memory of its text, so a body that fits may not fit when \
          parsed. Deep nesting exhausts the stack of a recursive parser, which in some languages ends the \
          process. A batch multiplies one request's cost past any rate limit.",
    how_seen: "With --probes, an endpoint that takes JSON and refuses a broken one is sent its usual body with 1 MiB \
               of spaces, and with lists nested 10,000 deep. A 413 or 400 is right. By hand: the documented \
               maximum and a little more, and a list of a hundred thousand items.",
    fix: Fix {
        general: "Set a maximum for each: body bytes, checked while reading and not by Content-Length alone; \
                  depth; items per list; characters per field; operations per batch. Refuse with 413 or 400 \
                  before parsing or storing. Different routes may need different limits; the default must be \
                  the small one.",
        node: "express.json({ limit: '100kb' }) is the default; search for larger values and for routes with \
               raw streams. Fastify: bodyLimit (1 MiB unless set). Bound lists and strings in the schema \
               (Ajv: maxItems, maxLength; zod: .max()). JSON.parse blocks the event loop, so a large body \
               stops all clients. GraphQL: limit depth and batched operations.",
        python: "Starlette and FastAPI do not limit a body that is read whole unless told to: limit it in \
                 the proxy or a middleware that counts. Flask: MAX_CONTENT_LENGTH. Django: \
                 DATA_UPLOAD_MAX_MEMORY_SIZE (2.5 MB unless set). Pydantic: max_length on lists and strings. \
                 Deep JSON raises RecursionError: answer it with 400.",
        go: "r.Body = http.MaxBytesReader(w, r.Body, n) before decoding; net/http has no limit of its own \
             for bodies. encoding/json stops at a depth of 10,000. Check len() of lists after decoding and \
             before work, and never allocate for a length that the request states.",
        java: "Jackson 2.15 and later limits depth (1,000) and string length by StreamReadConstraints; older \
               ones do not. spring.servlet.multipart limits uploads only, and Tomcat's maxPostSize forms \
               only: JSON bodies need a filter, or the proxy's limit. Bound lists with @Size and @Valid.",
    },
    platform: OnPlatform {
        droplet: "nginx refuses bodies over client_max_body_size (1 MB unless set) before the service sees \
                  them. It knows nothing of depth and items.",
        app_platform: "Do not count on the platform for it: set the limit in the application. The instance's \
                       memory divided by what the largest accepted body takes when parsed is the number of \
                       such requests that it survives.",
        functions: "Requests are limited to 1 MB, which also bounds lists and depth, roughly. Parsing 1 MB \
                    of deeply nested JSON within 128 MB may still fail: check depth.",
        kubernetes: "Set the limit in the ingress or gateway (ingress-nginx: \
                     nginx.ingress.kubernetes.io/proxy-body-size) and again in the application, since calls \
                     within the cluster do not pass the ingress.",
    },
};
