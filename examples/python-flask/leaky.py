"""A Flask service that keeps the body of every POST /ingest for as long as it lives."""

import os

from flask import Flask, request
from waitress import serve

app = Flask(__name__)
received = []


@app.get("/")
def index():
    return "ok"


@app.post("/ingest")
def ingest():
    # The leak: each body stays in a list of the module, which nothing ever shortens.
    received.append(request.get_data())
    return {"msg": "ok"}


if __name__ == "__main__":
    # More threads than a load of 50 users keeps busy: with fewer, each request that has to queue is a warning in the log.
    serve(app, host="127.0.0.1", port=int(os.environ.get("PORT", 8080)), threads=64)
