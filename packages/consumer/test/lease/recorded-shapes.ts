/**
 * Every shape of request that the real KCL was seen to send to DynamoDB, and what became of it here:
 * the test that compares ours with it, or why there is none of ours. Reviewed by hand; an entry that
 * is missing or one too many is a failure (recorded-requests.test.ts).
 */

export type ShapeReview =
  /** A test in this folder compares ours; `differs` is what is not equal, and meant. */
  { readonly twin: string; readonly differs?: string } | { readonly notOurs: string }

const LEGACY = 'a table that KCL 3.0 to 3.4 made; where there is one, we refuse to start'
const WRITES = 'lease-writes.test.ts'
const HERE = 'recorded-requests.test.ts'

/** By table and name, as in requests.json. */
export const SHAPES: Readonly<Record<string, ShapeReview>> = {
  'lease: acquire the leader lock, row absent': { twin: HERE },
  'lease: acquire the leader lock, row stale': { twin: HERE },
  'lease: leader lock heartbeat': { twin: HERE },
  'lease: release the leader lock': { twin: HERE },
  'lease: read the leader lock': {
    notOurs:
      'the lock row comes with each look at the table; it is read alone only after a write without an answer',
  },
  'lease: assign a lease nobody owns': { twin: WRITES, differs: 'ours also asks for the counter' },
  'lease: assign a lease of another owner': {
    twin: WRITES,
    differs: 'ours also asks for the counter',
  },
  'lease: assign, owner unchanged': { twin: WRITES, differs: 'ours also asks for the counter' },
  'lease: start graceful handoff': { twin: WRITES },
  'lease: finish graceful handoff (assign with checkpointOwner)': { twin: WRITES },
  'lease: checkpoint': {
    twin: WRITES,
    differs: 'the hash keys are those of the row that was read, not of a copy in memory',
  },
  'lease: prepareCheckpoint': {
    twin: WRITES,
    differs: 'the hash keys are those of the row that was read, not of a copy in memory',
  },
  'lease: renew': { twin: WRITES },
  'lease: renew, handoff known': { twin: WRITES },
  'lease: write child shard ids': { twin: WRITES },
  'lease: create lease if absent': { twin: 'lease-row.test.ts' },
  'lease: create lease if absent, child shard': { twin: 'lease-row.test.ts' },
  'lease: delete lease': {
    twin: HERE,
    differs: "ours asks that the shard has ended: KCL's deletes whatever stands there",
  },
  'lease: read one lease': { twin: HERE, differs: 'our reads of one lease are strong' },
  'lease: lease discovery': { twin: HERE },
  'lease: scan of the lease table': { twin: HERE, differs: "a leader's is strong" },
  'lease: leader scan of the lease table': {
    notOurs: 'one segment is what a scan without segments is',
  },
  'lease: list rows of one entity type': {
    notOurs: 'one scan brings leases, workers and lock together',
  },
  'lease: worker metrics upsert': { twin: HERE, differs: 'ours does not ask for the row back' },
  'lease: create Migration3.0': { twin: '../lease-table/migration-row.test.ts' },
  'lease: read Migration3.0': { twin: HERE },
  'lease: update Migration3.0': {
    notOurs: 'a fleet on its way from 2.x is refused; only KCL moves it on',
  },
  'lease: take (2.x), unowned': { notOurs: 'the algorithm of KCL 2.x: such a fleet is refused' },
  'lease: take or steal (2.x), other owner': {
    notOurs: 'the algorithm of KCL 2.x: such a fleet is refused',
  },
  'lease: create lease table': {
    twin: '../lease-table/lease-table.test.ts',
    differs: 'the owner index comes with the table',
  },
  'lease: create the GSI': { twin: '../lease-table/lease-table.test.ts' },
  'lease: describe lease table': { twin: HERE },
  'lease: switch PITR on': { twin: HERE },
  'coordinator: probe legacy coordinator table': { twin: HERE },
  'coordinator: acquire the leader lock, row absent': { notOurs: LEGACY },
  'coordinator: create Migration3.0': { notOurs: LEGACY },
  'coordinator: create TableMigration3.5': { notOurs: LEGACY },
  'coordinator: leader lock heartbeat': { notOurs: LEGACY },
  'coordinator: read Migration3.0': { notOurs: LEGACY },
  'coordinator: read TableMigration3.5': { notOurs: LEGACY },
  'coordinator: read the leader lock': { notOurs: LEGACY },
  'coordinator: release the leader lock': { notOurs: LEGACY },
  'metrics: leader scan of the legacy metrics table': { notOurs: LEGACY },
  'metrics: probe legacy metrics table': {
    notOurs: 'KCL makes both legacy tables or none; we look for the one that holds the state',
  },
  'metrics: worker metrics upsert': { notOurs: LEGACY },
}
