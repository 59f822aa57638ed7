/** Healthy: 200 KB of garbage for each request. */
final class Garbage {
    public static void main(String[] words) throws Exception {
        Serve.forever((id, body) -> {
            StringBuilder text = new StringBuilder();
            for (int line = 0; line < 2_000; line++) {
                text.append("line ").append(line).append(" of request ").append(id).append('\n');
            }
            return Integer.toString(text.toString().length());
        });
    }
}
