/** The end of retention, which comes to a shard before its readers do. */
import type { SimulatedWorld } from '@millrace/testing'
import type { Ledger } from '../checkers/ledger.ts'
import { STREAM } from './names.ts'

/**
 * All but the newest records of a shard are gone, whether a checkpoint covers them or not.
 *
 * @returns whether there was something to trim
 */
export function trimOne(world: SimulatedWorld, ledger: Ledger, pick: number): boolean {
  const shards = [...ledger.shards].filter(({ records }) => records.length > KEPT)
  const account = shards[pick % shards.length]
  const last = account?.records.at(-KEPT)
  if (account === undefined || last === undefined) return false
  const { shardId, records, donePrefix } = account
  const isBelow = records.findIndex(({ arrivalMs }) => arrivalMs > last.arrivalMs) > donePrefix
  if (isBelow) world.count('marker.trimmed-past-what-is-done')
  world.kinesis.trim(STREAM, shardId, last.arrivalMs)
  ledger.trimmed(shardId, last.arrivalMs)
  return true
}

const KEPT = 3
