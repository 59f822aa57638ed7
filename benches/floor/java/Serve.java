import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the Java services share: the server (eight threads), ballast, and the service's own count of its live memory.
 *
 * <p>When OWN_COUNT_FILE is set and nothing was asked for a moment, the service collects and appends a line.
 */
final class Serve {
    interface Answer {
        String to(long id, byte[] body);
    }

    // Shorter than Drip rests before it reads, so that the count is done by then.
    private static final long REST_MS = 100;
    private static final int BALLAST_OBJECT_BYTES = 100;
    private static final int THREADS = 8;

    private static final List<Object> BALLAST = new ArrayList<>();
    private static final AtomicLong BEGUN = new AtomicLong();
    private static final AtomicLong ANSWERED = new AtomicLong();
    private static volatile long last;

    static void forever(Answer answer) throws IOException {
        // Else head and body leave in two writes, and the second waits for an acknowledgement.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        for (long bytes = number("BALLAST_MB") * 1_000_000L; bytes > 0; bytes -= BALLAST_OBJECT_BYTES) {
            BALLAST.add(new Object[] {new int[10], null, null});
        }
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", number("PORT")), 128);
        server.setExecutor(Executors.newFixedThreadPool(THREADS));
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            byte[] reply = answer.to(BEGUN.incrementAndGet(), body).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, reply.length);
            exchange.getResponseBody().write(reply);
            exchange.close();
            last = System.currentTimeMillis();
            ANSWERED.incrementAndGet();
        });
        server.start();
        String file = System.getenv("OWN_COUNT_FILE");
        if (file != null) {
            Thread counter = new Thread(() -> countAtRest(Path.of(file)));
            counter.setDaemon(true);
            counter.start();
        }
    }

    private static int number(String name) {
        return Integer.parseInt(System.getenv().getOrDefault(name, "0"));
    }

    private static void countAtRest(Path file) {
        for (long counted = 0;;) {
            sleep(REST_MS / 8);
            long now = System.currentTimeMillis();
            long answered = ANSWERED.get();
            if (answered == counted || now - last < REST_MS) {
                continue;
            }
            counted = answered;
            System.gc();
            System.gc();
            long bytes = heap() + direct();
            add(file, String.format("{\"requests\":%d,\"bytes\":%d,\"ms\":%d}%n", answered, bytes,
                    System.currentTimeMillis() - now));
        }
    }

    private static long heap() {
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private static long direct() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .mapToLong(BufferPoolMXBean::getMemoryUsed).sum();
    }

    private static void add(Path file, String line) {
        try {
            Files.writeString(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException nobodyToTell) {
            return;
        }
    }

    private static void sleep(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        }
    }
}
