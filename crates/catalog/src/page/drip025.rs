//! A decompression bomb is accepted.

use drip_model::{Category, Severity};

use super::{Fix, OnPlatform, Page, SeverityRule};

pub(crate) static PAGE: Page = Page {
    id: "DRIP025",
    title: "Decompression bomb accepted",
    category: Category::Limits,
    cwe: &["CWE-409"],
    severity: SeverityRule::Fixed(Severity::High),
    what: "The service unpacks what it is sent (Content-Encoding: gzip, a zip or an image upload) and limits \
           only the packed size. Gzip packs up to about a thousand times.",
    why: "A megabyte sent becomes a gigabyte in memory. One request is enough to pass the limit of a small \
          container.",
    how_seen: "With --probes, an endpoint that takes its usual body packed, and refuses one that only says so, is \
               sent that body with spaces, 16 MiB when unpacked. A 413 or 415 is right.",
    fix: Fix {
        general: "Count bytes after unpacking and stop at the maximum, while unpacking and not afterwards. \
                  Refuse Content-Encoding in requests (415) where no client needs it. For archives bound the \
                  number of entries, the unpacked size in all and the depth of archives within archives; for \
                  images bound the pixels before decoding.",
        node: "express.json and its relatives unpack and apply limit to the unpacked body; inflate: false \
               refuses packed ones. With zlib directly, pass maxOutputLength to gunzip and its like, or \
               count bytes in the stream. For zip files count what is read from each entry; the size in the \
               header may lie.",
        python: "Use zlib.decompressobj().decompress(data, max_length) in a loop and stop at the maximum; \
                 gzip.decompress and zlib.decompress have none. For zipfile read entries in pieces and \
                 count. Pillow warns above Image.MAX_IMAGE_PIXELS and raises above twice that: make the \
                 warning an error.",
        go: "Limit after unpacking: io.LimitReader or http.MaxBytesReader around the gzip.Reader, not around \
             r.Body alone. net/http does not unpack request bodies by itself, so look for \
             gzip.NewReader(r.Body). For archive/zip count bytes while reading, and do not trust \
             UncompressedSize64. Use image.DecodeConfig before image.Decode.",
        java: "Count bytes read from GZIPInputStream or ZipInputStream and stop at a maximum; getSize() of \
               an entry may lie. Check whether a filter or the server unpacks requests (Jetty: GzipHandler \
               with inflateBufferSize). Read an image's size through ImageReader before decoding it.",
    },
    platform: OnPlatform {
        droplet: "nginx does not unpack request bodies, so client_max_body_size counts packed bytes: it does \
                  not protect. MemoryMax= on the service keeps the damage to that service.",
        app_platform: "The limit belongs into the application. The smallest instances have 512 MiB: one bomb \
                       of a megabyte is enough. RESTART_COUNT alerts show the result.",
        functions: "Requests are limited to 1 MB, which unpacked may be a gigabyte: as much as the largest \
                    function has. Count while unpacking.",
        kubernetes: "Limits of an ingress count packed bytes. With resources.limits.memory the kernel kills \
                     this container only; count unpacked bytes in the application.",
    },
};
