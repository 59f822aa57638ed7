"""Leaking: objects that hold each other, in a table by a number that never comes again; threads serve."""

from serve import serve_threads

sessions = {}


class Session:
    def __init__(self, number):
        self.number = number
        self.user = User(self)


class User:
    def __init__(self, session):
        self.session, self.name = session, f"user {session.number}"


def answer(number, _):
    sessions[number] = Session(number)
    return "ok"


serve_threads(answer)
