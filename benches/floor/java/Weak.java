import java.lang.ref.Cleaner;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Healthy: sessions are known weakly, and a cleaner counts those that are gone. */
final class Weak {
    private static final Map<Object, byte[]> SESSIONS = Collections.synchronizedMap(new WeakHashMap<>());
    private static final Cleaner CLEANER = Cleaner.create();
    private static final AtomicLong GONE = new AtomicLong();

    public static void main(String[] words) throws Exception {
        Serve.forever((id, body) -> {
            Object session = new Object();
            SESSIONS.put(session, new byte[500]);
            CLEANER.register(session, GONE::incrementAndGet);
            return Long.toString(GONE.get());
        });
    }
}
