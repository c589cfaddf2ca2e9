/** The README's quick starts: which files they are and the stream they use. Pure. */
export const CONSUMER_EXAMPLE = 'quick-start-consumer.ts'
export const PRODUCER_EXAMPLE = 'quick-start-producer.ts'
/** Other ways to consume the same stream, run as the quick start is. */
export const MORE_CONSUMERS = [
  'handler-error-dead-letter.ts',
  'processor.ts',
  'consumer-batches.ts',
  'consumer-iterator.ts',
  'consumer-pipeline.ts',
  'consumer-shutdown.ts',
] as const
/** Other ways to produce, each with what it prints when all is well. */
export const MORE_PRODUCERS: readonly {
  readonly file: string
  readonly prints: RegExp
  readonly runsUntilStopped?: boolean
}[] = [
  { file: 'producer-back-pressure.ts', prints: /^2000 records, held back [1-9]\d* times$/m },
  { file: 'producer-pipeline.ts', prints: /^all stored$/m },
  {
    file: 'producer-metrics.ts',
    prints: /^all streams: 500 records stored, 100 % (?:.*\n)+UserRecordsReceived: 500 x 1,/m,
  },
  {
    file: 'producer-diagnostics.ts',
    prints: /^request: 1 records, \d+ ms, 0 refused\nrecord: shardId-\d+ \d+, \d+ ms$/m,
  },
  {
    file: 'producer-shutdown.ts',
    prints: /^stored 0\n(?:.*\n)*0 records dropped$/m,
    runsUntilStopped: true,
  },
]
/** Needs no service: what it prints when all is well. */
export const STANDALONE: readonly { readonly file: string; readonly prints: RegExp }[] = [
  {
    file: 'testing-your-consumer.ts',
    prints:
      /^the child's first record: \d+ virtual ms after the split\n(?:.*\n)*wall time, each further one: [\d.]+/m,
  },
]
/** As `millrace-testing serve --stream` takes it. */
export const QUICK_START_STREAM = 'quick-start:2'
