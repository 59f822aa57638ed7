import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Healthy: expressions are compiled, words interned and lambdas made on first use, then the compiler is done too. */
final class WarmUp {
    private static final int WORDS = 3_000;
    private static final Map<String, Function<String, Boolean>> RULES = new ConcurrentHashMap<>();

    private static Function<String, Boolean> rule(String word) {
        Pattern pattern = Pattern.compile(".*(" + word + "|[0-9]+)$");
        return text -> pattern.matcher(text).matches();
    }

    public static void main(String[] words) throws Exception {
        Serve.forever((id, body) -> {
            String word = ("word-" + id * 7 % WORDS).intern();
            return RULES.computeIfAbsent(word, WarmUp::rule).apply("request " + id).toString();
        });
    }
}
