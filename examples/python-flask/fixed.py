"""The same Flask service with a bound: it keeps the bodies of the last hundred requests."""

import os
from collections import deque

from flask import Flask, request
from waitress import serve

app = Flask(__name__)
# The fix: a full deque drops its oldest entry for each new one.
received = deque(maxlen=100)


@app.get("/")
def index():
    return "ok"


@app.post("/ingest")
def ingest():
    received.append(request.get_data())
    return {"msg": "ok"}


if __name__ == "__main__":
    # More threads than a load of 50 users keeps busy: with fewer, each request that has to queue is a warning in the log.
    serve(app, host="127.0.0.1", port=int(os.environ.get("PORT", 8080)), threads=64)
