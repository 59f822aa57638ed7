import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Leaking: about 100 bytes for each request, a listener and the object that it closes over. */
final class Listeners {
    private static final List<Runnable> LISTENERS = Collections.synchronizedList(new ArrayList<>());

    public static void main(String[] words) throws Exception {
        Serve.forever((id, body) -> {
            long[] seen = {id, id + 1, id + 2, id + 3, id + 4};
            LISTENERS.add(() -> seen[0]++);
            return "ok";
        });
    }
}
