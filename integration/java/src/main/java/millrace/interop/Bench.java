package millrace.interop;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsAsyncClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.SdkHttpConfigurationOption;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.utils.AttributeMap;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.leases.LeaseAssignmentStrategy;
import software.amazon.kinesis.leases.LeaseManagementConfig;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.MetricsConfig;
import software.amazon.kinesis.metrics.MetricsLevel;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.polling.PollingConfig;
import software.amazon.kinesis.worker.metric.OperatingRange;
import software.amazon.kinesis.worker.metric.impl.linux.LinuxCpuWorkerMetric;

/**
 * Unmodified KCL that polls and counts, for the consumer benchmark. Reads from standard input:
 * "begin" (answers "ready": what comes from now on is counted), "read N" (answers "done RECORDS
 * BYTES" once N records have come). Ends with its input.
 */
public final class Bench {
    private static final Logger LOG = LoggerFactory.getLogger(Bench.class);
    private static final long IDLE_MS = 500;
    private static final long CHECKPOINT_EVERY_NANOS = 1_000_000_000;
    /** Longer than a busy machine keeps anyone from the table: a lease that is lost ends the run. */
    private static final long FAILOVER_MS = 30_000;
    private static final long ASSIGNMENT_MS = 5_000;
    private static final int FULL_PERCENT = 100;

    private final Object lock = new Object();
    private long records;
    private long bytes;

    private Bench() {
    }

    public static void main(String[] arguments) throws Exception {
        Bench bench = new Bench();
        Thread worker = new Thread(bench.scheduler(), "scheduler");
        worker.setDaemon(true);
        worker.start();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.equals("begin")) {
                System.out.println(bench.begin());
            } else {
                System.out.println(bench.read(Long.parseLong(line.substring("read ".length()))));
            }
        }
        Runtime.getRuntime().halt(0);
    }

    private String begin() {
        System.gc();
        synchronized (lock) {
            records = 0;
            bytes = 0;
        }
        return "ready";
    }

    private String read(long wanted) throws InterruptedException {
        synchronized (lock) {
            while (records < wanted) {
                lock.wait();
            }
            return "done " + records + " " + bytes;
        }
    }

    private void received(long moreRecords, long moreBytes) {
        synchronized (lock) {
            records += moreRecords;
            bytes += moreBytes;
            lock.notifyAll();
        }
    }

    private Scheduler scheduler() {
        String stream = need("BENCH_STREAM");
        URI kinesisUrl = URI.create(need("BENCH_KINESIS_URL"));
        KinesisAsyncClient kinesis = client(KinesisAsyncClient.builder())
                .endpointOverride(kinesisUrl)
                .build();
        DynamoDbAsyncClient dynamodb = client(DynamoDbAsyncClient.builder())
                .endpointOverride(URI.create(need("BENCH_DYNAMODB_URL")))
                .build();
        // Never called: metrics are off. It is here because the configuration wants one.
        CloudWatchAsyncClient cloudwatch = client(CloudWatchAsyncClient.builder())
                .endpointOverride(kinesisUrl)
                .build();
        SingleStreamTracker tracker = new SingleStreamTracker(
                stream,
                InitialPositionInStreamExtended.newInitialPosition(
                        InitialPositionInStream.TRIM_HORIZON));
        ConfigsBuilder configs = new ConfigsBuilder(
                tracker, stream, kinesis, dynamodb, cloudwatch, "java", Counting::new);
        CoordinatorConfig coordination = configs.coordinatorConfig().clientVersionConfig(
                CoordinatorConfig.ClientVersionConfig.CLIENT_VERSION_CONFIG_3X);
        MetricsConfig metrics = configs.metricsConfig()
                .metricsLevel(MetricsLevel.NONE)
                .metricsFactory(new NullMetricsFactory());
        return new Scheduler(
                configs.checkpointConfig(),
                coordination,
                leases(configs),
                configs.lifecycleConfig(),
                metrics,
                configs.processorConfig(),
                configs.retrievalConfig().retrievalSpecificConfig(
                        new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(IDLE_MS)));
    }

    private static LeaseManagementConfig leases(ConfigsBuilder configs) {
        LeaseManagementConfig leases = configs.leaseManagementConfig()
                .failoverTimeMillis(FAILOVER_MS)
                .leaseAssignmentIntervalMillis(ASSIGNMENT_MS)
                .leaseAssignmentStrategy(LeaseAssignmentStrategy.LEASE_COUNT_BASED);
        // Reads /proc/stat; KCL's own choice would ask a metadata service first.
        OperatingRange range = OperatingRange.builder().maxUtilization(FULL_PERCENT).build();
        leases.workerUtilizationAwareAssignmentConfig()
                .workerMetricList(List.of(new LinuxCpuWorkerMetric(range)));
        return leases;
    }

    /** The certificate of the server is of this run, and in no trust store. */
    private static <C, B extends AwsClientBuilder<B, C> & AwsAsyncClientBuilder<B, C>> B client(
            B builder) {
        AwsBasicCredentials credentials =
                AwsBasicCredentials.create(need("BENCH_ACCESS_KEY"), need("BENCH_SECRET_KEY"));
        AttributeMap trusting = AttributeMap.builder()
                .put(SdkHttpConfigurationOption.TRUST_ALL_CERTIFICATES, true)
                .build();
        return builder
                .region(Region.of(need("BENCH_REGION")))
                .credentialsProvider(StaticCredentialsProvider.create(credentials))
                .httpClient(NettyNioAsyncHttpClient.builder()
                        .protocol(Protocol.HTTP1_1)
                        .buildWithDefaults(trusting));
    }

    private static String need(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalArgumentException("environment variable " + name + " is not set");
        }
        return value;
    }

    /** Holds what it is given to the order, and checkpoints once a second. */
    private final class Counting implements ShardRecordProcessor {
        private String lastNumber = "";
        private long lastSub = -1;
        private long storedNanos = System.nanoTime();

        @Override
        public void initialize(InitializationInput input) {
            LOG.info("{} begins", input.shardId());
        }

        @Override
        public void processRecords(ProcessRecordsInput input) {
            long sum = 0;
            for (KinesisClientRecord record : input.records()) {
                look(record.sequenceNumber(), record.subSequenceNumber());
                sum += record.data().remaining();
            }
            received(input.records().size(), sum);
            if (System.nanoTime() - storedNanos >= CHECKPOINT_EVERY_NANOS) {
                store(input);
            }
        }

        private void look(String number, long sub) {
            int order = number.compareTo(lastNumber);
            if (order < 0 || order == 0 && sub <= lastSub) {
                LOG.error("{}/{} came again", number, sub);
                Runtime.getRuntime().halt(1);
            }
            lastNumber = number;
            lastSub = sub;
        }

        private void store(ProcessRecordsInput input) {
            storedNanos = System.nanoTime();
            try {
                input.checkpointer().checkpoint();
            } catch (ShutdownException | InvalidStateException e) {
                LOG.warn("a checkpoint was not stored", e);
            }
        }

        @Override
        public void leaseLost(LeaseLostInput input) {
            LOG.error("a lease was lost");
            Runtime.getRuntime().halt(1);
        }

        @Override
        public void shardEnded(ShardEndedInput input) {
            LOG.error("no shard ends here");
        }

        @Override
        public void shutdownRequested(ShutdownRequestedInput input) {
            LOG.info("asked to stop");
        }
    }
}
