import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Leaking: a static map by a number that never comes again. */
final class Sessions {
    private static final Map<Long, byte[]> SESSIONS = new ConcurrentHashMap<>();

    public static void main(String[] words) throws Exception {
        Serve.forever((id, body) -> {
            SESSIONS.put(id, new byte[300]);
            return "ok";
        });
    }
}
