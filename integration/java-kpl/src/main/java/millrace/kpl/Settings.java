package millrace.kpl;

import java.util.Map;
import java.util.Properties;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;

/** What the parent process tells, by environment, and the configuration that makes of it. */
final class Settings {
    private Settings() {}

    static String stream() {
        return need("KPL_STREAM");
    }

    static int dataBytes() {
        return Integer.parseInt(need("KPL_DATA_BYTES"));
    }

    /** Everything goes to the parent's server on loopback, whose certificate nobody vouches for. */
    static KinesisProducerConfiguration configuration(Map<String, String> more) {
        Properties properties = new Properties();
        properties.setProperty("Region", need("KPL_REGION"));
        properties.setProperty("KinesisEndpoint", "localhost");
        properties.setProperty("KinesisPort", need("KPL_PORT"));
        properties.setProperty("CloudwatchEndpoint", "localhost");
        properties.setProperty("CloudwatchPort", need("KPL_PORT"));
        properties.setProperty("VerifyCertificate", "false");
        properties.setProperty("MetricsLevel", "none");
        properties.setProperty("TempDirectory", need("KPL_TEMP"));
        properties.setProperty("LogLevel", "warning");
        more.forEach(properties::setProperty);
        return KinesisProducerConfiguration.fromProperties(properties)
                .setCredentialsProvider(StaticCredentialsProvider.create(
                        AwsBasicCredentials.create(need("KPL_ACCESS_KEY"), need("KPL_SECRET_KEY"))));
    }

    private static String need(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalArgumentException("environment variable " + name + " is not set");
        }
        return value;
    }
}
