"""The same function with a bound: it remembers the arguments of the last hundred calls."""

from collections import deque

# The fix: a full deque drops its oldest entry for each new one.
calls = deque(maxlen=100)


def main(args):
    calls.append(args)
    return {"body": {"msg": "hello " + str(args.get("name", "stranger"))}}
