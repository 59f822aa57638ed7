"""Healthy: a function with a bounded cache, asked something new each time."""

import functools

from serve import serve


@functools.lru_cache(maxsize=3000)
def page(number):
    return f"page {number} " * 100


serve(lambda number, _: page(number))
