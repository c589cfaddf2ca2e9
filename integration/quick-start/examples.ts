/** The README's quick starts: which files they are and the stream they use. Pure. */
export const CONSUMER_EXAMPLE = 'quick-start-consumer.ts'
export const PRODUCER_EXAMPLE = 'quick-start-producer.ts'
/** Other ways to consume the same stream, run as the quick start is. */
export const MORE_CONSUMERS = ['handler-error-dead-letter.ts', 'processor.ts'] as const
/** As `millrace-testing serve --stream` takes it. */
export const QUICK_START_STREAM = 'quick-start:2'
