"""Serves the file of a function over HTTP, to try it locally: python serve.py leaky/__main__.py

Query and JSON body are merged into the arguments, beside "http" with the method, path and headers, as on the platform.
"""

import json
import os
import runpy
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Buffered, so that head and body leave in one write and neither waits for an acknowledgement.
    wbufsize = -1

    def do_GET(self):
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        http = {"method": self.command, "path": url.path, "headers": dict(self.headers)}
        try:
            args = {**dict(parse_qsl(url.query)), **json.loads(body or "{}"), "http": http}
        except (ValueError, TypeError):
            return self.answer({"statusCode": 400, "body": {"error": "the body is not a JSON object"}})
        self.answer(function(args))

    do_POST = do_GET

    def answer(self, result):
        body = json.dumps(result["body"]).encode()
        self.send_response(result.get("statusCode", 200))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    # With the default of 5, some of 50 clients that connect at once wait a second for their second try.
    request_queue_size = 128


function = runpy.run_path(sys.argv[1])["main"]
Server(("127.0.0.1", int(os.environ.get("PORT", 8080))), Handler).serve_forever()
