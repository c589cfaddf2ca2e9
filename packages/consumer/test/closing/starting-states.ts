/** States of a consumer that has not served a record yet. */
import { sleep } from '@millrace/core/internal'
import { SHARD, TABLE } from '../application.ts'
import { type ClosingState, settle } from './scene.ts'

const FOR_EVER = Number.POSITIVE_INFINITY

export const STARTING_STATES: Readonly<Record<string, ClosingState>> = {
  created: { isNotRun: true, reach: (scene) => scene.aWhile(500) },

  'boot, at any moment': { shards: 3, reach: (scene) => scene.aWhile(3000) },

  'looking at the stream': {
    reach: async (scene) => {
      scene.ports.slow({ operation: 'describeStreamSummary', forMs: 2000 })
      await scene.aWhile(2000)
    },
  },

  'the table is being made': {
    dynamo: { statusChangeMs: 3000 },
    reach: (scene) => scene.aWhile(3500),
  },

  'between two attempts to start': {
    reach: async (scene) => {
      const times = FOR_EVER
      scene.app.dynamo.injectFault({ operation: 'describeTable', kind: 'throttle', times })
      await sleep(1000)
      await scene.aWhile(6000)
    },
  },

  'the first sign of life': {
    reach: async (scene) => {
      const when = (input: string): boolean => input.includes('WORKER_METRIC_STATS')
      scene.ports.slow({ operation: 'updateItem', forMs: 1500, when })
      await scene.aWhile(2500)
    },
  },

  'leader, at its first shard sync': {
    shards: 4,
    reach: async (scene) => {
      scene.ports.slow({ operation: 'listShards', forMs: 400 })
      scene.ports.slow({ operation: 'putItem', forMs: 200 })
      await scene.aWhile(6000)
    },
  },

  'no leases': {
    beside: 'peer',
    reach: (scene) => scene.aWhile(8000),
  },

  'a lease is being taken up': {
    reach: async (scene) => {
      const when = (input: string): boolean => input.includes(':next')
      scene.ports.slow({ operation: 'updateItem', forMs: 800, when })
      const isMine = (): boolean => scene.app.owners().includes(scene.worker.consumer.workerId)
      await scene.app.until('a lease of its own', isMine)
      await scene.aWhile(1000)
    },
  },

  'waiting for a parent': {
    reach: async (scene) => {
      await scene.hasLease()
      // Paused, so that it does not end.
      scene.worker.consumer.pause([SHARD])
      await scene.app.dynamo.putItem({
        TableName: TABLE,
        Item: {
          ...scene.app.row(SHARD),
          leaseKey: { S: CHILD },
          parentShardId: { SS: [SHARD] },
          leaseCounter: { N: '0' },
          leaseOwner: { S: scene.worker.consumer.workerId },
        },
      })
      await scene.app.until('both', () => scene.worker.heard('leaseAcquired').length === 2)
      await scene.aWhile(3000)
    },
  },

  'initialize running': initializing(3000),
  'initialize hanging': initializing(FOR_EVER),

  'initialize fails again and again': {
    handler: (scene) => ({
      processor: () => ({
        initialize: () => {
          scene.calls++
          throw new Error('not ready')
        },
        processRecords: () => {},
      }),
    }),
    reach: async (scene) => {
      await scene.app.until('some attempts', () => scene.calls > 2)
      await scene.aWhile(5000)
    },
  },
}

const CHILD = 'shardId-000000000001'

function initializing(maxMs: number): ClosingState {
  return {
    handler: (scene) => ({
      processor: () => ({
        initialize: async () => {
          scene.calls++
          await settle(scene, maxMs)
        },
        processRecords: () => {},
      }),
    }),
    reach: async (scene) => {
      await scene.app.until('initialize', () => scene.calls > 0)
      await scene.aWhile(1000)
    },
  }
}
