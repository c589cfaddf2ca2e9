/** Every benchmark there is, by the name `--only` knows it by. */
import type { BenchmarkGroup } from './benchmark.ts'
import { measureConsumer } from './consumer.ts'
import { decodeBenchmarks } from './decode.ts'
import { encodeBenchmarks } from './encode.ts'
import { keyToShardBenchmarks } from './key-to-shard.ts'
import { countLeaseWrites } from './leases.ts'
import { measureProducer } from './producer.ts'
import { countSlowHandler } from './slow-handler.ts'

export const GROUPS: readonly BenchmarkGroup[] = [
  { name: 'encode', build: encodeBenchmarks },
  { name: 'decode', build: decodeBenchmarks },
  { name: 'key-to-shard', build: keyToShardBenchmarks },
  { name: 'producer', measure: measureProducer },
  { name: 'consumer', measure: measureConsumer, count: countSlowHandler },
  { name: 'leases', count: countLeaseWrites },
]
