"""What the Python services share: two servers, ballast, and the service's own count of its live memory.

A service defines answer(request_id, body) and calls serve (one thread, asyncio) or serve_threads (a thread for each
connection). When OWN_COUNT_FILE is set and nothing was asked for a moment, a line is appended with what Python's
allocator and malloc say is in use: block by block, not page by page.
"""

import asyncio
import ctypes
import json
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Shorter than Drip rests before it reads, so that the count is done by then.
REST_SECONDS = 0.1
BALLAST_OBJECT_BYTES = 160

ballast = [
    {"number": number} if number % 2 else [number, str(number), (number, number)]
    for number in range(int(os.environ.get("BALLAST_MB", 0)) * 1_000_000 // BALLAST_OBJECT_BYTES)
]
tally = {"begun": 0, "answered": 0, "counted": 0, "last": 0.0}


class Mallinfo(ctypes.Structure):
    NAMES = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in NAMES.split()]


def malloc_bytes():
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = Mallinfo
    info = mallinfo()
    return info.uordblks + info.hblkhd


def python_bytes():
    """Python prints this to its standard error and nowhere else."""
    page, stderr = os.memfd_create("stats"), os.dup(2)
    os.dup2(page, 2)
    try:
        sys._debugmallocstats()
    finally:
        os.dup2(stderr, 2)
    os.close(stderr)
    with os.fdopen(page, "rb") as stats:
        stats.seek(0)
        text = stats.read().decode()
    return int(re.search(r"# bytes in allocated blocks\s*=\s*([\d,]+)", text)[1].replace(",", ""))


def count_when_at_rest():
    file = os.environ["OWN_COUNT_FILE"]
    while True:
        time.sleep(REST_SECONDS / 8)
        now, answered = time.monotonic(), tally["answered"]
        if answered == tally["counted"] or now - tally["last"] < REST_SECONDS:
            continue
        tally["counted"] = answered
        total = python_bytes() + malloc_bytes()
        line = {"requests": answered, "bytes": total, "ms": round(1e3 * (time.monotonic() - now))}
        with open(file, "a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")


def start_count():
    if "OWN_COUNT_FILE" in os.environ:
        threading.Thread(target=count_when_at_rest, daemon=True).start()


def reply_to(answer, body):
    tally["begun"] += 1
    reply = answer(tally["begun"], body)
    tally["answered"] += 1
    tally["last"] = time.monotonic()
    return reply.encode()


class Connection(asyncio.Protocol):
    answer = None

    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            length = re.search(rb"\r\ncontent-length: *(\d+)", self.buffer[:end].lower())
            total = end + 4 + (int(length[1]) if length else 0)
            if len(self.buffer) < total:
                return
            body, self.buffer = self.buffer[end + 4:total], self.buffer[total:]
            reply = reply_to(self.answer, body)
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(reply), reply))


def serve(answer, counts=True, listener=None):
    Connection.answer = staticmethod(answer)

    async def forever():
        where = {"host": "127.0.0.1", "port": int(os.environ.get("PORT", 0))}
        if listener:
            where = {"sock": listener}
        server = await asyncio.get_running_loop().create_server(Connection, backlog=128, **where)
        await server.serve_forever()

    if counts:
        start_count()
    asyncio.run(forever())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    answer = None

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reply = reply_to(self.answer, body)
        self.send_response(200)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


def serve_threads(answer):
    Handler.answer = staticmethod(answer)
    start_count()
    Server(("127.0.0.1", int(os.environ.get("PORT", 0))), Handler).serve_forever()
