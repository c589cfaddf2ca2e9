package millrace.interop;

import java.net.URI;
import java.nio.file.Path;

/** What the parent process tells one worker, by environment. */
record Settings(
        String stream,
        String application,
        String workerId,
        URI kinesis,
        URI dynamodb,
        Path journal) {

    static Settings fromEnvironment() {
        return new Settings(
                need("INTEROP_STREAM"),
                need("INTEROP_APPLICATION"),
                "java-" + ProcessHandle.current().pid(),
                URI.create(need("INTEROP_KINESIS_URL")),
                URI.create(need("INTEROP_DYNAMODB_URL")),
                Path.of(need("INTEROP_JOURNAL")));
    }

    private static String need(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalArgumentException("environment variable " + name + " is not set");
        }
        return value;
    }
}
