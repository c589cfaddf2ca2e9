/** States of an application that asks for records itself: batches(), for await, readable(). */
import { type ClosingState, type Scene, settle } from './scene.ts'

const FOR_EVER = Number.POSITIVE_INFINITY

export const PULLING_STATES: Readonly<Record<string, ClosingState>> = {
  'for await, waiting for a record': {
    pull: async ({ worker }) => {
      for await (const _record of worker.consumer) throw new Error('there is none')
    },
    reach: async (scene) => {
      await scene.hasLease()
      await scene.aWhile(3000)
    },
  },
  'for await, in the midst of a record': { pull: iterating(2500), reach: called },
  'for await, hanging on a record': { pull: iterating(FOR_EVER), reach: called },

  'batches(), left at the same moment': {
    pull: async (scene) => {
      for await (const _batch of scene.worker.consumer.batches()) {
        scene.calls++
        await settle(scene, 1500)
        break
      }
    },
    // Leaving it has closed the consumer by then.
    closingForMs: 30_000,
    reach: called,
  },

  'readable(), read and not acknowledged': {
    pull: async (scene) => {
      for await (const _record of scene.worker.consumer.readable()) {
        scene.calls++
        await settle(scene, 800)
      }
    },
    reach: called,
  },
  'readable(), nobody reads on': {
    pull: async (scene) => {
      const stream = scene.worker.consumer.readable({ highWaterMark: 1 })
      // What ends the consumer otherwise ends the stream, too.
      stream.on('error', () => {})
      stream.once('data', () => {
        scene.calls++
        stream.pause()
      })
      await scene.released
      stream.destroy()
    },
    reach: async (scene) => {
      await called(scene)
      await scene.app.put('b', 'c', 'd')
      await scene.aWhile(2000)
    },
  },
}

function iterating(maxMs: number): (scene: Scene) => Promise<void> {
  return async (scene) => {
    for await (const _record of scene.worker.consumer) {
      scene.calls++
      await settle(scene, maxMs)
    }
  }
}

async function called(scene: Scene): Promise<void> {
  await scene.isCalled()
  await scene.aWhile(1000)
}
