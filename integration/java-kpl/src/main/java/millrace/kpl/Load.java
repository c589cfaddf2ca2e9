package millrace.kpl;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * Puts as fast as it can, at most so many records on the way. Reads from standard input: "prepare N"
 * (answers "ready"), "go" (answers "done STORED FAILED" when all have settled). Ends with its input.
 */
public final class Load {
    private static final int OUTSTANDING = 10_000;
    private static final int DISTINCT_KEYS = 10_000;
    private static final int DISTINCT_PAYLOADS = 20_000;
    private static final int KEY_CHARACTERS = 20;
    private static final long FLUSH_EVERY_MS = 100;
    private static final String UNLIMITED_PERCENT = "1000000";

    private final Random random = new Random(1);
    private final byte[][] names = new byte[DISTINCT_KEYS][KEY_CHARACTERS];
    private final ByteBuffer[] data = new ByteBuffer[DISTINCT_PAYLOADS];
    private final KinesisProducer producer = new KinesisProducer(
            Settings.configuration(Map.of("RateLimit", UNLIMITED_PERCENT)));
    private String[] keys = {};

    private Load(int dataBytes) {
        for (byte[] name : names) {
            for (int i = 0; i < name.length; i++) {
                name[i] = (byte) "0123456789abcdef".charAt(random.nextInt(16));
            }
        }
        for (int i = 0; i < data.length; i++) {
            byte[] bytes = new byte[dataBytes];
            random.nextBytes(bytes);
            data[i] = ByteBuffer.wrap(bytes);
        }
    }

    public static void main(String[] arguments) throws Exception {
        Load load = new Load(Settings.dataBytes());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.startsWith("prepare ")) {
                load.prepare(Integer.parseInt(line.substring("prepare ".length())));
                System.out.println("ready");
            } else {
                System.out.println(load.put());
            }
        }
        load.producer.destroy();
        System.exit(0);
    }

    private void prepare(int records) {
        keys = new String[records];
        for (int i = 0; i < records; i++) {
            keys[i] = new String(names[random.nextInt(DISTINCT_KEYS)], StandardCharsets.ISO_8859_1);
        }
        System.gc();
    }

    private String put() throws InterruptedException {
        Semaphore free = new Semaphore(OUTSTANDING);
        AtomicInteger stored = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        FutureCallback<UserRecordResult> settled = new FutureCallback<>() {
            @Override
            public void onSuccess(UserRecordResult result) {
                stored.incrementAndGet();
                free.release();
            }

            @Override
            public void onFailure(Throwable error) {
                failed.incrementAndGet();
                free.release();
            }
        };
        String stream = Settings.stream();
        for (int i = 0; i < keys.length; i++) {
            free.acquire();
            Futures.addCallback(
                    producer.addUserRecord(stream, keys[i], data[i % data.length].duplicate()),
                    settled,
                    MoreExecutors.directExecutor());
        }
        while (stored.get() + failed.get() < keys.length) {
            producer.flush();
            Thread.sleep(FLUSH_EVERY_MS);
        }
        return "done " + stored + " " + failed;
    }
}
