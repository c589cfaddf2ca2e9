/** Numbers, times and shards as people write them. Pure. */

/** `shardId-000000000007` -> `7`. */
export function shortShardId(shardId: string): string {
  const digits = /^shardId-0*([0-9]+)$/.exec(shardId)?.[1]
  return digits ?? shardId
}

export function shardList(shardIds: Iterable<string>): string {
  const short = [...shardIds].map(shortShardId)
  if (short.length === 0) return 'none'
  return short.sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).join(',')
}

export function number(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
