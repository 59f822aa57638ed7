"""Healthy: JSON, expressions compiled on first use, and a bounded set of interned words."""

import json
import re
import sys

from serve import serve

WORDS = 500
TEXT = json.dumps([{"number": number, "name": f"row {number}"} for number in range(100)])
words = {}


def answer(number, _):
    word = f"word-{number % WORDS}"
    words[word] = sys.intern(word)
    rows = json.loads(TEXT)
    found = sum(1 for row in rows if re.search(rf"{number % 50}$", row["name"]))
    return json.dumps({"found": found, "rows": rows})


serve(answer)
