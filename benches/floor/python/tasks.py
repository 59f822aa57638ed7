"""Leaking: each request starts a task that waits for something that never happens."""

import asyncio

from serve import serve

pending = set()


async def audit(number, never):
    await never
    return number


def answer(number, _):
    loop = asyncio.get_running_loop()
    pending.add(loop.create_task(audit(number, loop.create_future())))
    return "ok"


serve(answer)
