"""Leaking: every body is kept in a list."""

from serve import serve

bodies = []


def answer(number, body):
    bodies.append({"number": number, "body": body})
    return "ok"


serve(answer)
