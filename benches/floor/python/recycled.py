"""A worker that is replaced after so many requests, as `gunicorn --max-requests` does: what it leaks never grows large.

The first argument says what it keeps of each request: `leaking` 5 KB of every one, `fixed` those of the last hundred.
"""

import collections
import os
import socket
import sys
import threading

from serve import serve

REQUESTS_PER_LIFE = 3000
kept = collections.deque(maxlen=None if sys.argv[1] == "leaking" else 100)


def answer(number, _):
    kept.append(bytes(5000))
    if number == REQUESTS_PER_LIFE:
        # A moment later, so that this answer is still sent.
        threading.Timer(0.05, os._exit, [0]).start()
    return "ok"


listener = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", 0))), backlog=128)
while True:
    if os.fork() == 0:
        serve(answer, counts=False, listener=listener)
    os.wait()
