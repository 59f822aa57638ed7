"""Healthy: two forked workers share the socket, each with a ring of the last bodies."""

import collections
import os
import socket

from serve import serve

WORKERS = 2
ring = collections.deque(maxlen=2000)


def answer(number, _):
    ring.append({"number": number, "body": bytes(1000)})
    return "ok"


listener = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", 0))), backlog=128)
for _ in range(WORKERS):
    if os.fork() == 0:
        serve(answer, counts=False, listener=listener)
listener.close()
while True:
    os.wait()
