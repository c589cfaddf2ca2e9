package millrace.interop;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsAsyncClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.leases.LeaseAssignmentStrategy;
import software.amazon.kinesis.leases.LeaseManagementConfig;
import software.amazon.kinesis.metrics.MetricsConfig;
import software.amazon.kinesis.metrics.MetricsLevel;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.RetrievalConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;
import software.amazon.kinesis.worker.metric.OperatingRange;
import software.amazon.kinesis.worker.metric.impl.linux.LinuxCpuWorkerMetric;

/** One KCL worker beside ours: unmodified KCL, everything on loopback. */
public final class Worker {
    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);
    private static final long FAILOVER_MS = 10_000;
    private static final long IDLE_MS = 500;
    private static final long STOP_LIMIT_S = 60;
    private static final int FULL_PERCENT = 100;

    private Worker() {
    }

    public static void main(String[] args) throws IOException {
        Settings settings = Settings.fromEnvironment();
        endWithParent();
        Scheduler scheduler = schedulerFor(settings, new Journal(settings.journal()));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(scheduler), "stop"));
        LOG.info("worker {} starts", settings.workerId());
        scheduler.run();
        // It returns too when it could not start; a graceful stop ends the process itself.
        if (!scheduler.hasGracefulShutdownStarted()) {
            LOG.error("the worker ended by itself");
            Runtime.getRuntime().halt(1);
        }
    }

    private static Scheduler schedulerFor(Settings settings, Journal journal) {
        KinesisAsyncClient kinesis = local(KinesisAsyncClient.builder())
                .endpointOverride(settings.kinesis())
                .build();
        DynamoDbAsyncClient dynamodb = local(DynamoDbAsyncClient.builder())
                .endpointOverride(settings.dynamodb())
                .build();
        // Never called: metrics are off. It is here because the configuration wants one.
        CloudWatchAsyncClient cloudwatch = local(CloudWatchAsyncClient.builder())
                .endpointOverride(settings.kinesis())
                .build();
        SingleStreamTracker tracker = new SingleStreamTracker(
                settings.stream(),
                InitialPositionInStreamExtended.newInitialPosition(
                        InitialPositionInStream.TRIM_HORIZON));
        ConfigsBuilder configs = new ConfigsBuilder(
                tracker,
                settings.application(),
                kinesis,
                dynamodb,
                cloudwatch,
                settings.workerId(),
                () -> new JournalingProcessor(journal));
        CoordinatorConfig coordination = configs.coordinatorConfig().clientVersionConfig(
                CoordinatorConfig.ClientVersionConfig.CLIENT_VERSION_CONFIG_3X);
        MetricsConfig metrics = configs.metricsConfig()
                .metricsLevel(MetricsLevel.NONE)
                .metricsFactory(new NullMetricsFactory());
        RetrievalConfig retrieval = configs.retrievalConfig().retrievalSpecificConfig(
                new PollingConfig(settings.stream(), kinesis)
                        .idleTimeBetweenReadsInMillis(IDLE_MS));
        return new Scheduler(
                configs.checkpointConfig(),
                coordination,
                leases(configs),
                configs.lifecycleConfig(),
                metrics,
                configs.processorConfig().callProcessRecordsEvenForEmptyRecordList(true),
                retrieval);
    }

    private static LeaseManagementConfig leases(ConfigsBuilder configs) {
        LeaseManagementConfig leases = configs.leaseManagementConfig()
                .failoverTimeMillis(FAILOVER_MS)
                .leaseAssignmentStrategy(LeaseAssignmentStrategy.LEASE_COUNT_BASED);
        // Reads /proc/stat; KCL's own choice would ask a metadata service first.
        OperatingRange range = OperatingRange.builder().maxUtilization(FULL_PERCENT).build();
        leases.workerUtilizationAwareAssignmentConfig()
                .workerMetricList(List.of(new LinuxCpuWorkerMetric(range)));
        return leases;
    }

    private static <C, B extends AwsClientBuilder<B, C> & AwsAsyncClientBuilder<B, C>> B local(
            B builder) {
        AwsBasicCredentials nobody = AwsBasicCredentials.create("local", "local");
        return builder
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(nobody))
                .httpClientBuilder(NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP1_1));
    }

    private static void stop(Scheduler scheduler) {
        try {
            boolean whole = scheduler.startGracefulShutdown().get(STOP_LIMIT_S, TimeUnit.SECONDS);
            LOG.info("stopped, everything given up in order: {}", whole);
            Runtime.getRuntime().halt(0);
        } catch (Exception e) {
            LOG.error("no graceful stop", e);
            Runtime.getRuntime().halt(1);
        }
    }

    /** Its parent holds the other end of stdin: nothing is left behind, however the parent died. */
    private static void endWithParent() {
        Thread watcher = new Thread(() -> {
            try {
                while (System.in.read() != -1) {
                    // Nothing is ever said.
                }
            } catch (IOException e) {
                LOG.warn("stdin broke", e);
            }
            Runtime.getRuntime().halt(1);
        }, "parent");
        watcher.setDaemon(true);
        watcher.start();
    }
}
