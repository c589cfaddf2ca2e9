/** States of a consumer that serves its shards, or is about to be done with them. */
import { sleep } from '@millrace/core/internal'
import type { HandlerVerdict } from '../../src/record-processor.ts'
import { SHARD, TABLE } from '../application.ts'
import { type ClosingState, type Scene, settle, slowCalls } from './scene.ts'

const FOR_EVER = Number.POSITIVE_INFINITY

export const RUNNING_STATES: Readonly<Record<string, ClosingState>> = {
  'reading at the tip': {
    reach: async (scene) => {
      await scene.hasLease()
      await scene.aWhile(4000)
    },
  },

  'handler running': { handler: slowCalls(2500), reach: called },
  'handler hanging': { handler: slowCalls(FOR_EVER), reach: called },

  'handler hanging, after one record that is done': {
    handler: (scene) => ({
      eachRecord: async () => {
        if (++scene.calls > 1) await scene.released
      },
    }),
    reach: async (scene) => {
      await scene.app.put('done')
      await scene.isCalled(2)
      await scene.aWhile(900)
    },
  },

  'handlers running side by side': {
    options: () => ({ concurrencyPerShard: 4 }),
    handler: slowCalls(2500),
    reach: async (scene) => {
      await scene.app.put('a', 'b', 'c', 'd', 'e', 'f')
      await scene.isCalled(3)
      await scene.aWhile(1000)
    },
  },

  'a batch held back for more': {
    options: () => ({ maxBatchWaitMs: 20_000 }),
    handler: (scene) => ({ eachBatch: () => void scene.calls++ }),
    reach: async (scene) => {
      await scene.hasLease()
      await scene.app.put('a')
      await scene.aWhile(5000)
    },
  },

  'handler failing, backing off': {
    handler: failing,
    reach: async (scene) => {
      await scene.isCalled(3)
      await scene.aWhile(6000)
    },
  },

  'onHandlerError deciding': {
    handler: failing,
    options: (scene) => ({
      onHandlerError: async (): Promise<HandlerVerdict> => {
        await settle(scene(), 2500)
        return 'skip'
      },
    }),
    reach: called,
  },

  'stopping, because onHandlerError said so': {
    handler: failing,
    options: () => ({ onHandlerError: 'stop' }),
    fails: true,
    closingForMs: 30_000,
    reach: called,
  },

  paused: {
    reach: async (scene) => {
      await scene.hasLease()
      scene.worker.consumer.pause()
      await scene.app.put('a', 'b', 'c')
      await scene.aWhile(4000)
    },
  },

  'paused between two records': {
    handler: (scene) => ({ eachRecord: () => void scene.calls++ }),
    reach: async (scene) => {
      await scene.hasLease()
      scene.worker.consumer.once('lag', () => scene.worker.consumer.pause())
      await scene.app.put('a', 'b', 'c')
      await scene.aWhile(3000)
    },
  },

  'a checkpoint under way': {
    handler: (scene) => ({
      processor: () => ({
        processRecords: async ({ shard }) => {
          scene.calls++
          await shard.checkpoint()
        },
        shutdownRequested: (shard) => shard.checkpoint(),
      }),
    }),
    reach: async (scene) => {
      const when = (input: string): boolean => input.includes('checkpointSubSequenceNumber')
      scene.ports.slow({ operation: 'updateItem', forMs: 1200, when })
      await called(scene)
    },
  },

  'shutdownRequested slow': lastWord((scene) => settle(scene, 2500)),
  'shutdownRequested hanging': lastWord((scene) => scene.released),
  'shutdownRequested throwing': lastWord(() => Promise.reject(new Error('no'))),

  'shardEnded running': {
    handler: (scene) => ({
      processor: () => ({
        processRecords: () => {},
        shardEnded: async (shard) => {
          scene.calls++
          await settle(scene, 2500, shard)
        },
      }),
    }),
    reach: async (scene) => {
      await scene.hasLease()
      await scene.split()
      await scene.app.until('the end', () => scene.calls > 0)
      await scene.aWhile(500)
    },
  },

  'shard end: children being made, SHARD_END on its way': {
    reach: async (scene) => {
      await scene.hasLease()
      for (const operation of ['putItem', 'updateItem'] as const) {
        const when = (input: string): boolean => input.includes('SHARD_END') || input.includes('SS')
        scene.ports.slow({ operation, forMs: 900, when })
      }
      await scene.split()
      await scene.aWhile(4000)
    },
  },

  'shard end: refused by the table': {
    reach: async (scene) => {
      await scene.hasLease()
      const when = (input: unknown): boolean => JSON.stringify(input).includes('SHARD_END')
      const kind = 'throttle'
      scene.app.dynamo.injectFault({ operation: 'updateItem', kind, when, times: FOR_EVER })
      await scene.split()
      await sleep(1000)
      await scene.aWhile(6000)
    },
  },

  'handing over, handler running': handingOver(2500),
  'handing over, handler hanging': handingOver(FOR_EVER),

  'lease lost, handler running': {
    handler: slowCalls(5000),
    reach: async (scene) => {
      await scene.isCalled()
      await scene.app.dynamo.updateItem({
        TableName: TABLE,
        Key: { leaseKey: { S: SHARD } },
        UpdateExpression: 'REMOVE leaseOwner ADD leaseCounter :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      })
      await scene.aWhile(5000)
    },
  },

  'describe under way': {
    reach: async (scene) => {
      await scene.hasLease()
      await scene.aWhile(3000)
      scene.ports.slow({ operation: 'scan', forMs: 600 })
      // It may be answered or refused; it must end.
      scene.worker.consumer.describe().catch(() => undefined)
      await scene.aWhile(500)
    },
  },

  'already closing': {
    closingForMs: 20_000,
    handler: slowCalls(2500),
    reach: async (scene) => {
      await called(scene)
      void scene.worker.consumer.close({ timeoutMs: 20_000 })
      await scene.aWhile(1000)
    },
  },

  'the stream does not answer': {
    reach: async (scene) => {
      await scene.hasLease()
      scene.ports.slow({ operation: 'getRecords', forMs: FOR_EVER })
      await scene.aWhile(8000)
    },
  },

  'the table does not answer': {
    keepsLeases: true,
    handler: slowCalls(1000),
    reach: async (scene) => {
      await called(scene)
      for (const operation of TABLE_CALLS) scene.ports.slow({ operation, forMs: FOR_EVER })
      await scene.aWhile(4000)
    },
  },

  'the table throttles all there is': {
    keepsLeases: true,
    reach: async (scene) => {
      await scene.hasLease()
      for (const operation of TABLE_CALLS) {
        scene.app.dynamo.injectFault({ operation, kind: 'throttle', times: FOR_EVER })
      }
      await scene.aWhile(8000)
    },
  },
}

const TABLE_CALLS = ['getItem', 'putItem', 'updateItem', 'deleteItem', 'query', 'scan'] as const

async function called(scene: Scene): Promise<void> {
  await scene.isCalled()
  await scene.aWhile(1000)
}

function failing(scene: Scene): ReturnType<NonNullable<ClosingState['handler']>> {
  return {
    eachRecord: async () => {
      scene.calls++
      await sleep(scene.upTo(50))
      throw new Error('no')
    },
  }
}

function lastWord(shutdownRequested: (scene: Scene) => Promise<void>): ClosingState {
  return {
    handler: (scene) => ({
      processor: () => ({
        processRecords: () => void scene.calls++,
        shutdownRequested: () => shutdownRequested(scene),
      }),
    }),
    reach: called,
  }
}

function handingOver(maxMs: number): ClosingState {
  return {
    beside: 'peer',
    // The peer has one of them by now.
    shards: 2,
    handler: slowCalls(maxMs),
    reach: async (scene) => {
      const { worker, peer, app } = scene
      await app.until('a lease', () => worker.heard('leaseAcquired').length > 0, 120_000)
      const mine = (): string[] => {
        const rows = [...app.leases()].filter(
          ([, row]) => row['leaseOwner']?.S === worker.consumer.workerId,
        )
        return rows.map(([key]) => key)
      }
      await app.until('a call', () => {
        void app.put('a', 'b', 'c', 'd')
        return scene.calls > 0
      })
      const [leaseKey] = mine()
      if (leaseKey !== undefined && peer !== undefined) {
        await scene.askAway(leaseKey, peer.consumer.workerId)
      }
      await scene.aWhile(4000)
    },
  }
}
