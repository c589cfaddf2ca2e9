/** Streams with a past, for shard sync. */
import { MAX_HASH_KEY, type Shard } from '@millrace/core'
import fc from 'fast-check'

export interface Kin {
  readonly id: number
  readonly parents?: readonly number[]
  readonly open?: boolean
}

export function shardOf({ id, parents = [], open = false }: Kin): Shard {
  return {
    shardId: shardId(id),
    parentShardIds: parents.map(shardId),
    hashKeyRange: { start: 0n, end: MAX_HASH_KEY },
    startingSequenceNumber: String(1000 + id),
    endingSequenceNumber: open ? undefined : String(2000 + id),
  }
}

export function shardId(id: number): string {
  return `shardId-${String(id).padStart(12, '0')}`
}

/** Any history of splits and merges: each shard has one fate, ids rise with time. */
export const histories: fc.Arbitrary<Shard[]> = fc
  .record({
    roots: fc.integer({ min: 1, max: 5 }),
    fates: fc.array(fc.record({ merges: fc.boolean(), at: fc.nat(99) }), { maxLength: 12 }),
    /** Shards that retention has trimmed off the list. */
    trimmed: fc.nat(4),
  })
  .map(({ roots, fates, trimmed }) => {
    const kin: { id: number; parents: number[]; open: boolean }[] = []
    const add = (...parents: number[]): void => {
      kin.push({ id: kin.length, parents, open: true })
    }
    for (let i = 0; i < roots; i++) add()
    for (const { merges, at } of fates) {
      const open = kin.filter((shard) => shard.open)
      const first = open[at % open.length]
      const second = open[(at + 1) % open.length]
      if (first === undefined || second === undefined) continue
      first.open = false
      if (merges && second !== first) {
        second.open = false
        add(first.id, second.id)
      } else {
        add(first.id)
        add(first.id)
      }
    }
    return kin
      .map(shardOf)
      .filter((shard, i) => i >= trimmed || shard.endingSequenceNumber === undefined)
  })

/** Listed shards from which this one descends. */
export function ancestorsOf(shard: Shard, shards: readonly Shard[]): Set<string> {
  const byId = new Map(shards.map((each) => [each.shardId, each]))
  const found = new Set<string>()
  const open = [...shard.parentShardIds]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const parent = byId.get(id)
    if (parent === undefined || found.has(id)) continue
    found.add(id)
    open.push(...parent.parentShardIds)
  }
  return found
}
