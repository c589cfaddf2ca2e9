package millrace.interop;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/**
 * Same lines as the Node workers write (integration/demo/journal-entry.ts): one JSON object each,
 * handed to the kernel before the call returns, so that SIGKILL takes nothing that was written.
 */
final class Journal {
    private static final double NANOS_PER_MILLI = 1e6;

    private final FileChannel file;

    Journal(Path path) throws IOException {
        file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    void held(String shardId) {
        write("held", shardId, "");
    }

    void lost(String shardId) {
        write("lost", shardId, "");
    }

    void delivered(String shardId, String sequence, long subSequence, String key, ByteBuffer data) {
        write("delivered", shardId, position(sequence, subSequence)
                + ",\"partitionKey\":" + quoted(key)
                + ",\"digest\":\"" + digest(data) + '"');
    }

    void checkpointed(String shardId, String sequence, long subSequence) {
        write("checkpointed", shardId, position(sequence, subSequence));
    }

    void lag(String shardId, long millisBehindLatest) {
        write("lag", shardId, ",\"millisBehindLatest\":" + millisBehindLatest);
    }

    private synchronized void write(String kind, String shardId, String rest) {
        // On Linux this is the clock that Node's hrtime reads: times of all processes compare.
        double atMs = System.nanoTime() / NANOS_PER_MILLI;
        String line = "{\"kind\":\"" + kind + "\",\"atMs\":" + atMs
                + ",\"shardId\":" + quoted(shardId) + rest + "}\n";
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(line);
        try {
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String position(String sequence, long subSequence) {
        return ",\"sequenceNumber\":" + quoted(sequence) + ",\"subSequenceNumber\":" + subSequence;
    }

    private static String digest(ByteBuffer data) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update(data.duplicate());
            return Base64.getEncoder().encodeToString(sha256.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < ' ') {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        return json.append('"').toString();
    }
}
