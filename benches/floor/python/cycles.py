"""Healthy: each request makes objects that hold each other, with finalizers; only the collector can free them."""

import weakref

from serve import serve

alive = weakref.WeakSet()


class Node:
    def __init__(self, parent):
        self.parent, self.children = parent, []
        alive.add(self)

    def __del__(self):
        self.children = None


def answer(number, _):
    root = Node(None)
    root.children.extend(Node(root) for _ in range(5))
    weakref.finalize(root, len, "gone")
    return str(number)


serve(answer)
