# Drip's hook in a Python service. Drip puts this folder first in PYTHONPATH, so that CPython imports this file when it
# starts. It listens on a Unix socket in the private folder of the run. Whoever connects makes it collect garbage, then
# it writes one line of `name=number` pairs and hangs up.
#
# It must never print, raise, block, or be seen by the service where that can be avoided:
# - The service's own sitecustomize is imported as if this one were not there, and sys.path does not keep our folder.
#   PYTHONPATH stays as it is, since workers that are started anew must load the hook too.
# - `threading` is imported here, in the main thread: whichever thread imports it first is the main thread to it.
# - The thread is a raw one. `threading` neither lists it nor waits for it at exit, and it takes no signals.
# - What it needs is bound here, before gevent or a test replaces it in its module.
# - A fork waits until no collection is under way. Python 3.12 and later warn of threads then, so ours ends before it
#   and is started again after it (early releases of 3.13 and 3.14 count threads after the restart and warn all the
#   same, python/cpython#137109). A child begins to listen by itself, unless children come as fast as requests do.
# - A service that closes all descriptors or reuses their numbers must not lose a connection to us, so the number is
#   looked at again before each use.
# The syntax is that of Python 2.7 as well, where nothing but the chaining is done.
import sys


def _install(folder):
    import threading
    import atexit
    import errno
    import gc
    import os
    from _signal import SIG_BLOCK, SIG_SETMASK, pthread_sigmask, valid_signals
    from _socket import AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_PEEK, SHUT_RDWR, SOCK_STREAM, socket
    from _thread import allocate_lock, get_ident, get_native_id, start_new_thread
    from os import close, fstat, getpid, unlink
    from os.path import exists
    from time import monotonic, sleep

    # Drip asks one at a time; a fork adds a connection of our own.
    backlog = 8
    # A reading of a heap of gigabytes takes seconds; a fork waits for its end, but not for ever.
    fork_wait_seconds = 30
    # The thread needs microseconds to end, and a switch interval for each busy thread of the service.
    end_wait_seconds = 1
    stopping_look_seconds = 0.01
    # From the end of the Python code to the end of the thread. A second only where no processor is free.
    gone_wait_seconds = 1
    gone_look_seconds = 0.0001
    warns_of_threads = sys.version_info >= (3, 12)
    # A server that forks for each request has no child left at rest, and must not pay for a hook in each.
    children_at_once = 64
    children_per_second = 5
    # Without descriptors left, accept fails at once.
    retry_seconds = 1
    # An answer fits into the buffer of a socket.
    send_seconds = 5
    # Counting containers makes a list of them, 8 bytes each.
    counted_blocks_max = 4000000
    # A Python that really uses glibc's malloc has more in use; one with another allocator preloaded has next to none.
    malloc_bytes_min = 100000

    class Native(object):
        """Figures of the C library and of pymalloc. All under the GIL, which keeps forks out."""

        def __init__(self):
            import ctypes

            self.ctypes = ctypes
            # Not CDLL, which lets go of the GIL.
            self.library = ctypes.PyDLL(None)
            self.library.open_memstream.restype = ctypes.c_void_p

        def has(self, name):
            return hasattr(self.library, name)

        def give_back(self):
            if self.has("malloc_trim"):
                self.library.malloc_trim(self.ctypes.c_size_t(0))

        def written(self, write):
            """What a function of C writes to a stream; it is kept in memory."""
            c, library = self.ctypes, self.library
            text, size = c.c_void_p(), c.c_size_t()
            stream = library.open_memstream(c.byref(text), c.byref(size))
            if not stream:
                return b""
            try:
                write(c.c_void_p(stream))
            finally:
                library.fclose(c.c_void_p(stream))
                content = c.string_at(text, size.value)
                library.free(text)
            return content

        def malloc_in_use(self):
            """malloc_info is older than mallinfo2, and counts beyond 4 GB as well."""
            if not self.has("malloc_info"):
                return None
            text = self.written(lambda stream: self.library.malloc_info(0, stream))
            totals = text.rpartition(b"</heap>")[2]

            def size(kind):
                after = totals.partition(kind)[2].partition(b'size="')[2]
                return int(after.partition(b'"')[0])

            free = size(b'"fast"') + size(b'"rest"')
            in_use = size(b'<system type="current"') - free + size(b'"mmap"')
            return in_use if in_use >= malloc_bytes_min else None

        def pymalloc_in_use(self):
            """0 where pymalloc is switched off (PYTHONMALLOC=malloc): nothing is written then."""
            if not self.has("_PyObject_DebugMallocStats"):
                return None
            text = self.written(self.library._PyObject_DebugMallocStats)
            if not text.strip():
                return 0
            line = text.partition(b"# bytes in allocated blocks")[2].partition(b"\n")[0]
            return int(line.replace(b"=", b"").replace(b",", b""))

    class Hook(object):
        def __init__(self):
            self.native = None
            self.forget()
            self.children_left, self.last_fork = children_at_once, 0.0

        # The socket.

        def forget(self):
            """What a child inherits of its parent's state is not its own."""
            self.busy = allocate_lock()
            self.thread = self.descriptor = None
            self.held = self.stopping = self.stopped = False

        def listen(self):
            """Begins for this process."""
            self.number = getpid()
            self.path = "%s/%d.sock" % (folder, self.number)
            self.bind()
            self.start()

        def bind(self):
            self.remove()
            listener = socket(AF_UNIX, SOCK_STREAM)
            listener.bind(self.path)
            listener.listen(backlog)
            # Kept as a number: a socket that is still open when the interpreter ends makes it warn, and 3.8 crash.
            descriptor = listener.detach()
            self.inode = fstat(descriptor).st_ino
            self.descriptor = descriptor

        def is_ours(self):
            """Whether the number of our descriptor still is our socket."""
            try:
                return fstat(self.descriptor).st_ino == self.inode
            except OSError:
                return False

        def let_go(self):
            if self.descriptor is not None and self.is_ours():
                close(self.descriptor)

        def remove(self):
            try:
                unlink(self.path)
            except OSError:
                pass

        def at_exit(self):
            # A process that was forked by C code has its parent's path here.
            if self.number == getpid():
                self.remove()

        # The thread.

        def start(self):
            self.ended = allocate_lock()
            self.ended.acquire()
            mask = pthread_sigmask(SIG_BLOCK, valid_signals())
            try:
                start_new_thread(self.serve, (self.ended,))
            finally:
                pthread_sigmask(SIG_SETMASK, mask)

        def serve(self, ended):
            try:
                self.thread, self.native_thread = get_ident(), get_native_id()
                while self.serve_in_spite_of_errors():
                    pass
            except BaseException:
                pass
            finally:
                self.thread = None
                ended.release()

        def serve_in_spite_of_errors(self):
            """False when the thread has to end."""
            try:
                self.listen_still()
                return self.serve_one()
            except OSError as error:
                sleep(retry_seconds)
                if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ECONNABORTED):
                    self.let_go()
                return True

        def listen_still(self):
            if not self.is_ours():
                self.bind()

        def serve_one(self):
            connection = self.accept()
            if not self.begin():
                hang_up(connection)
                return False
            try:
                # The service may have closed the socket while accept waited; who is answered may come again at once.
                self.listen_still()
                self.answer(connection)
            except Exception:
                pass
            finally:
                # Before any fork may go on, which would keep it open.
                hang_up(connection)
                self.busy.release()
            return True

        def accept(self):
            listener = socket(AF_UNIX, SOCK_STREAM, 0, self.descriptor)
            try:
                listener.settimeout(None)
                return socket(AF_UNIX, SOCK_STREAM, 0, listener._accept()[0])
            finally:
                listener.detach()

        def begin(self):
            """Waits until no fork is under way; False when one waits for the end of the thread."""
            while not self.stopping:
                if self.busy.acquire(True, stopping_look_seconds):
                    return True
            return False

        def answer(self, connection):
            connection.setblocking(False)
            try:
                connection.recv(1, MSG_PEEK | MSG_DONTWAIT)
                return  # It hung up: a collection would only be in the way.
            except BlockingIOError:
                pass
            line = " ".join("%s=%d" % figure for figure in self.figures()) + "\n"
            connection.settimeout(send_seconds)
            # A service may have SIGPIPE end it.
            connection.sendall(line.encode("ascii"), MSG_NOSIGNAL)

        def figures(self):
            # Finalizers and weak references leave garbage for a second collection. Where the service has switched
            # the collector off, cycles are really kept.
            collects = gc.isenabled()
            if collects and gc.collect():
                gc.collect()
            # A finalizer that logs has made this thread known to the service, which may wait for all that it knows.
            threading._active.pop(get_ident(), None)
            blocks = sys.getallocatedblocks()
            figures = [("collects", int(collects)), ("blocks", blocks)]
            if blocks <= counted_blocks_max:
                figures.append(("containers", len(gc.get_objects())))
            try:
                figures.extend(self.native_figures())
            except Exception:
                pass
            return figures

        def native_figures(self):
            self.native = self.native or Native()
            self.native.give_back()
            found = [("malloc", self.native.malloc_in_use()), ("pymalloc", self.native.pymalloc_in_use())]
            return [figure for figure in found if figure[1] is not None]

        # Forks.

        def before_fork(self):
            self.count_child()
            if self.descriptor is None or get_ident() == self.thread:
                return  # Not listening here, or a finalizer that forks in a collection of ours.
            if not self.busy.acquire(True, fork_wait_seconds):
                return
            self.held = True
            try:
                if warns_of_threads:
                    self.stop()
            except Exception:
                pass

        def count_child(self):
            now = monotonic()
            earned = (now - self.last_fork) * children_per_second
            self.children_left = max(min(self.children_left + earned, children_at_once) - 1, -1)
            self.last_fork = now

        def stop(self):
            """Ends the thread. By a connection: unlike a descriptor, a path cannot be another's."""
            self.stopping = True
            waker = socket(AF_UNIX, SOCK_STREAM)
            try:
                waker.settimeout(end_wait_seconds)
                waker.connect(self.path)
                self.stopped = self.ended.acquire(True, end_wait_seconds)
            finally:
                waker.close()
            task, deadline = "/proc/self/task/%d" % self.native_thread, monotonic() + gone_wait_seconds
            while self.stopped and exists(task) and monotonic() < deadline:
                sleep(gone_look_seconds)

        def after_fork_in_parent(self):
            if not self.held or get_ident() == self.thread:
                return
            stopped = self.stopped or (self.stopping and self.ended.acquire(False))
            self.held = self.stopping = self.stopped = False
            try:
                if stopped:
                    self.start()
            except Exception:
                pass
            finally:
                self.busy.release()

        def after_fork_in_child(self):
            try:
                self.let_go()
                self.forget()
                if self.children_left >= 0:
                    self.listen()
            except Exception:
                pass

    def hang_up(connection):
        """A child that was forked meanwhile has the connection too."""
        try:
            try:
                connection.shutdown(SHUT_RDWR)
            finally:
                connection.close()
        except OSError:
            pass  # The service has closed it, or the other side has.

    hook = Hook()
    hook.listen()
    atexit.register(hook.at_exit)
    os.register_at_fork(
        before=hook.before_fork,
        after_in_parent=hook.after_fork_in_parent,
        after_in_child=hook.after_fork_in_child,
    )


def _is_main_interpreter():
    """Another one in the same process loads this file again, and cannot end while a thread of ours runs in it."""
    try:
        import _interpreters as interpreters
    except ImportError:
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            return True
    return interpreters.get_current() == interpreters.get_main()


def _begin():
    here = __file__.rpartition("/")[0]
    sys.path[:] = [entry for entry in sys.path if entry != here]
    sys.path_importer_cache.pop(here, None)
    if sys.version_info < (3, 8) or sys.implementation.name != "cpython":
        return
    folder = sys.modules["os"].environ.get("DRIP_FLOOR")
    if folder and _is_main_interpreter():
        _install(folder)


def _import_next(entries):
    """The one behind ours, when another agent's stands before it and led here."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    spec = PathFinder.find_spec("sitecustomize", entries)
    if spec is not None and spec.loader is not None:
        module = sys.modules["sitecustomize"] = module_from_spec(spec)
        spec.loader.exec_module(module)


_before = sys.path.index(__file__.rpartition("/")[0]) if __file__.rpartition("/")[0] in sys.path else 0
try:
    _begin()
except Exception:
    pass

if _before:
    _import_next(sys.path[_before:])
else:
    # The service's own, or the same ImportError as without us, which `site` takes for "there is none".
    del sys.modules["sitecustomize"]
    import sitecustomize  # noqa: E402, F401
