import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.JsonRuleCompiler;
import software.amazon.event.ruler.Machine;
import software.amazon.event.ruler.MachineComplexityEvaluator;

/**
 * Asks Event Ruler about pairs of a pattern and an event.
 *
 * Each line read is a JSON object whose members "pattern" and "event" are strings that hold JSON texts, so that
 * malformed ones can be asked about. Each line written is a JSON object: "outcome" is "match", "no match",
 * "bad pattern", "bad event", or "undecided" when the two searches for consistent arrays that Event Ruler has disagree;
 * "reason" tells why a pattern or event was refused. A line without "event" asks how complex the wildcards of the
 * pattern are: "outcome" is "complexity", and "complexity" the number.
 */
public final class Driver {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    /** Counting stops here, since it can take long. */
    private static final int MOST_COMPLEX = 100;

    private Driver() { }

    public static void main(final String[] args) throws Exception {
        final PrintStream out = new PrintStream(System.out, false, "UTF-8");
        final BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            final JsonNode question = MAPPER.readTree(line);
            final String pattern = question.get("pattern").asText();
            out.println(MAPPER.writeValueAsString(question.hasNonNull("event")
                    ? answer(pattern, question.get("event").asText()) : complexity(pattern)));
        }
        out.flush();
    }

    private static ObjectNode answer(final String pattern, final String event) {
        // Compilation that refuses a path given twice, as opposed to one that keeps the last.
        final String refusal = JsonRuleCompiler.check(pattern, false);
        if (refusal != null) {
            return outcome("bad pattern", refusal);
        }
        final Machine structured = Machine.builder().withOverridesForDuplicateRules(false).withStructuredMatching(true).build();
        final Machine stepwise = Machine.builder().withOverridesForDuplicateRules(false).withStructuredMatching(false).build();
        try {
            structured.addRule("rule", pattern);
            stepwise.addRule("rule", pattern);
        } catch (Exception e) {
            return outcome("bad pattern", String.valueOf(e.getMessage()));
        }
        try {
            final boolean matches = !stepwise.rulesForJSONEvent(event).isEmpty();
            if (matches == structured.rulesForJSONEvent(event).isEmpty()) {
                return outcome("undecided", null);
            }
            return outcome(matches ? "match" : "no match", null);
        } catch (Exception e) {
            return outcome("bad event", String.valueOf(e.getMessage()));
        }
    }

    private static ObjectNode complexity(final String pattern) throws Exception {
        final Machine machine = new Machine();
        machine.addRule("rule", pattern);
        return MAPPER.createObjectNode().put("outcome", "complexity")
                .put("complexity", machine.evaluateComplexity(new MachineComplexityEvaluator(MOST_COMPLEX)));
    }

    private static ObjectNode outcome(final String outcome, final String reason) {
        final ObjectNode node = MAPPER.createObjectNode().put("outcome", outcome);
        if (reason != null) {
            node.put("reason", reason);
        }
        return node;
    }
}
