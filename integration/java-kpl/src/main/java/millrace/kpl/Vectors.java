package millrace.kpl;

import com.google.common.util.concurrent.ListenableFuture;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * Puts the records of one case after the other, in order and in peace. Reads lines: "set NAME VALUE"
 * (configuration of the next producer), "open" (answers "opened"), "record KEY HASHKEY DATA" (each in
 * base64 after a colon; "-" for none), "put" (answers "settled STORED FAILED", and the producer is gone).
 */
public final class Vectors {
    private static final int AT_A_TIME = 10;
    private static final long PAUSE_MS = 12;
    private static final long FLUSH_EVERY_MS = 400;
    private static final Base64.Decoder BASE64 = Base64.getDecoder();

    private record Input(String partitionKey, String explicitHashKey, ByteBuffer data) {}

    private final Map<String, String> configuration = new HashMap<>();
    private final List<Input> inputs = new ArrayList<>();
    private KinesisProducer producer;

    private Vectors() {}

    public static void main(String[] arguments) throws Exception {
        Vectors vectors = new Vectors();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            vectors.obey(line.split(" "));
        }
        System.exit(0);
    }

    private void obey(String[] words) throws InterruptedException {
        switch (words[0]) {
            case "set" -> configuration.put(words[1], words[2]);
            case "open" -> {
                producer = new KinesisProducer(Settings.configuration(configuration));
                producer.flush(Settings.stream());
                configuration.clear();
                System.out.println("opened");
            }
            case "record" -> inputs.add(new Input(
                    textOf(words[1]),
                    textOf(words[2]),
                    words[3].equals("-") ? null : ByteBuffer.wrap(bytesOf(words[3]))));
            case "put" -> {
                System.out.println(put());
                producer.destroy();
                inputs.clear();
            }
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    private static String textOf(String word) {
        return word.equals("-") ? null : new String(bytesOf(word), StandardCharsets.UTF_8);
    }

    private static byte[] bytesOf(String word) {
        return BASE64.decode(word.substring(1));
    }

    private String put() throws InterruptedException {
        List<ListenableFuture<UserRecordResult>> futures = new ArrayList<>();
        for (Input input : inputs) {
            futures.add(producer.addUserRecord(
                    Settings.stream(), input.partitionKey(), input.explicitHashKey(), input.data()));
            if (futures.size() % AT_A_TIME == 0) {
                Thread.sleep(PAUSE_MS);
            }
        }
        int stored = 0;
        while (!futures.stream().allMatch(ListenableFuture::isDone)) {
            Thread.sleep(FLUSH_EVERY_MS);
            producer.flush();
        }
        for (ListenableFuture<UserRecordResult> future : futures) {
            if (isStored(future)) {
                stored++;
            }
        }
        return "settled " + stored + " " + (futures.size() - stored);
    }

    private static boolean isStored(ListenableFuture<UserRecordResult> future) throws InterruptedException {
        try {
            return future.get().isSuccessful();
        } catch (ExecutionException failure) {
            return false;
        }
    }
}
