"""Healthy: a thread for each connection, with half a megabyte of scratch memory for each request."""

from serve import serve_threads

SCRATCH = 512 * 1024

serve_threads(lambda number, _: str(len(bytearray(SCRATCH)) + number))
