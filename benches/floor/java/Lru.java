import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Healthy: the least recently used of 5,000 pages goes when a new one comes. */
final class Lru {
    private static final int PAGES_MAX = 5_000;
    private static final Map<Long, byte[]> PAGES = Collections.synchronizedMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, byte[]> eldest) {
            return size() > PAGES_MAX;
        }
    });

    public static void main(String[] words) throws Exception {
        Serve.forever((id, body) -> {
            PAGES.put(id, new byte[1_000]);
            return "ok";
        });
    }
}
