import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Leaking: 2 KB outside the heap for each request, held by small objects inside it. */
final class Direct {
    private static final List<ByteBuffer> BUFFERS = Collections.synchronizedList(new ArrayList<>());

    public static void main(String[] words) throws Exception {
        Serve.forever((id, body) -> {
            BUFFERS.add(ByteBuffer.allocateDirect(2_048));
            return "ok";
        });
    }
}
