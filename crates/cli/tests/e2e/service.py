"""What the Python services of these tests have in common: one class, one function, the standard library."""

import collections
import http.server
import os
import sys
import threading
import time

lock = threading.Lock()


def note(file, line=""):
    """Appends a line, for the test to read."""
    with lock, open(file, "a") as out:
        out.write(f"{line}\n")


class Request(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # buffered: one answer, one packet

    def log_message(self, *words):
        pass

    def answer(self, status=200, body=b"ok"):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.serve_one(self)

    do_GET = do_POST = do_PUT = serve


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, address):
        pass  # clients that hang up


def listen(serve_one, port=None):
    """Serves in the background; `PORT` unless a port is named."""
    server = Server(("127.0.0.1", int(port or os.environ["PORT"])), Request)
    server.serve_one = serve_one
    threading.Thread(target=server.serve_forever, daemon=True).start()


def serve(serve_one, port=None):
    """Serves for ever."""
    listen(serve_one, port)
    threading.Event().wait()
