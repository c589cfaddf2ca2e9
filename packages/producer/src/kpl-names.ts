/** What KPL 1.0.7 calls the options of a producer, for whoever comes from there. Pure. */
import {
  type ForeignName,
  foreignNameHint,
  type NameHint,
  named,
  withoutCounterpart,
} from '@millrace/core/internal'

const NO_CHILD = 'There is no child process.'
const NO_UPLOAD = 'Nothing is uploaded yet; metrics() and your own metrics sink have the numbers.'
const NO_REGISTRY = 'The Glue Schema Registry is not built yet; encode in your codec.'
const ONE_URL = 'One URL, such as https://kinesis.eu-west-1.amazonaws.com:443.'
const OWN_HANDLER = 'Use kinesisOverCbor({ requestHandler }) with a handler of your own.'

/** docs/migrating-from-kpl.md lists each of them. */
export const KPL_NAMES: readonly ForeignName[] = [
  named('aggregationEnabled', 'aggregation', 'Use false to switch it off.'),
  named('aggregationMaxCount', 'aggregation.maxRecords'),
  named('aggregationMaxSize', 'aggregation.maxBytes'),
  named('collectionMaxCount', 'collection.maxRecords'),
  named('collectionMaxSize', 'collection.maxBytes', 'At most 10 MiB, which the service takes.'),
  named('maxUserRecordSize', 'maxRecordBytes', 'The partition key counts too.'),
  named('recordMaxBufferedTime', 'recordMaxBufferedTimeMs'),
  named('recordTtl', 'recordTtlMs'),
  named('failIfThrottled', 'failIfThrottled'),
  named('rateLimit', 'rateLimitPercent'),

  named('maxConnections', 'maxConnections'),
  withoutCounterpart('minConnections', 'KPL does not read it either.'),
  named('requestTimeout', 'requestTimeoutMs', 'A deadline of the whole request.'),
  named('connectTimeout', 'client', 'Use kinesisOverCbor({ connectTimeoutMs }).'),
  named('region', 'region'),
  named('kinesisEndpoint', 'endpoint', ONE_URL),
  named('kinesisPort', 'endpoint', ONE_URL),
  withoutCounterpart('stsEndpoint', 'KPL does not read it either.'),
  withoutCounterpart('stsPort', 'KPL does not read it either.'),
  named('verifyCertificate', 'client', OWN_HANDLER),
  withoutCounterpart('caCertPath', 'Node.js reads NODE_EXTRA_CA_CERTS.'),
  withoutCounterpart('caCertFile', 'Node.js reads NODE_EXTRA_CA_CERTS.'),
  named('proxyHost', 'client', OWN_HANDLER),
  named('proxyPort', 'client', OWN_HANDLER),
  named('proxyUserName', 'client', OWN_HANDLER),
  named('proxyPassword', 'client', OWN_HANDLER),
  named('credentialsProvider', 'credentials', 'A provider of the AWS SDK for JavaScript, or keys.'),
  withoutCounterpart('credentialsRefreshDelay', 'Credentials are asked for before they expire.'),

  named('metricsLevel', 'metricsLevel'),
  named('metricsGranularity', 'metricsGranularity'),
  withoutCounterpart('metricsNamespace', NO_UPLOAD),
  withoutCounterpart('metricsUploadDelay', NO_UPLOAD),
  withoutCounterpart('metricsCredentialsProvider', NO_UPLOAD),
  withoutCounterpart('cloudwatchEndpoint', NO_UPLOAD),
  withoutCounterpart('cloudwatchPort', NO_UPLOAD),
  withoutCounterpart('addAdditionalMetricsDimension', 'Add dimensions in your own metrics sink.'),

  withoutCounterpart(
    'userRecordTimeoutInMillis',
    'recordTtlMs ends the record itself; put() takes a signal that ends the wait.',
  ),
  withoutCounterpart('enableOldestFutureTracker', 'oldestRecordAgeMs costs nothing.'),
  withoutCounterpart(
    'returnUserRecordOnFailure',
    'The "failed" event has the record; a promise has it in its own scope.',
  ),
  withoutCounterpart(
    'recordDistributionStrategyDefault',
    'The producer asks the stream itself (kinesis:DescribeStreamSummary).',
  ),
  named('logLevel', 'logger', 'Pass a logger of the level that you want, or false.'),
  withoutCounterpart('threadingModel', 'There are no threads.'),
  withoutCounterpart('threadPoolSize', 'There are no threads; see maxConnections.'),
  withoutCounterpart('nativeExecutable', NO_CHILD),
  withoutCounterpart(
    'tempDirectory',
    'There is no child process: nothing is unpacked, no pipe is made.',
  ),
  withoutCounterpart('enableCoreDumps', NO_CHILD),
  withoutCounterpart('enableDaemonHealthCheck', NO_CHILD),
  withoutCounterpart('daemonHealthCheckTimeoutMs', NO_CHILD),
  withoutCounterpart('glueSchemaRegistryConfiguration', NO_REGISTRY),
  withoutCounterpart('glueSchemaRegistryPropertiesFilePath', NO_REGISTRY),
  withoutCounterpart('glueSchemaRegistryCredentialsProvider', NO_REGISTRY),
]

/** For an option that is unknown where it stands: what KPL's name is called here, if it is one. */
export const hintForKplName: NameHint = foreignNameHint('KPL', KPL_NAMES)
