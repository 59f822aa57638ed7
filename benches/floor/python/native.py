"""Leaking: an extension, here through ctypes, takes 300 bytes for each request and loses the pointer."""

import ctypes

from serve import serve

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p


def answer(_, __):
    ctypes.memset(libc.malloc(ctypes.c_size_t(300)), 1, 300)
    return "ok"


serve(answer)
