import assert from 'node:assert/strict'
import { silentLogger, sleep, TypedEmitter } from '@millrace/core/internal'
import type { ConsumerEvents } from '../../src/events.ts'
import { readWorkerMetricsRow } from '../../src/lease/worker-metrics-row.ts'
import type { LeaseOptions } from '../../src/options.ts'
import { resolveConsumerOptions } from '../../src/resolve-options.ts'
import { Worker } from '../../src/worker/worker.ts'
import { type Application, inApplication, STREAM, TABLE } from '../application.ts'
import { FakeMachine, POD_FILES, podFiles } from '../worker-metrics/fake-machine.ts'

function workerOn(
  machine: FakeMachine,
  { kinesis, dynamo, time }: Application,
  workerMetrics: LeaseOptions['workerMetrics'],
): Worker<Uint8Array> {
  return new Worker({
    options: resolveConsumerOptions({
      applicationName: TABLE,
      stream: STREAM,
      workerId: 'w1',
      logger: false,
      random: time.random('w1'),
      lease: { workerMetrics },
    }),
    ports: { kinesis, dynamo, machine, close: () => undefined },
    handler: { eachRecord: () => undefined },
    paused: { has: () => false },
    events: new TypedEmitter<ConsumerEvents>(silentLogger),
    onFailed: (cause) => assert.fail(String(cause)),
  })
}

describe('Worker', () => {
  describe('worker metrics', () => {
    it('begin without and carry CPU use as soon as it is known, until the worker ends', () =>
      inApplication(async (app) => {
        const machine = new FakeMachine({ ...POD_FILES })
        const worker = workerOn(machine, app, undefined)
        await worker.start(new AbortController().signal)
        const metrics = (): ReturnType<typeof readWorkerMetricsRow> =>
          readWorkerMetricsRow(app.row('w1') ?? {})
        assert.equal(metrics()?.metrics.standing, 'default')
        for (let second = 1; second <= 15; second++) {
          Object.assign(machine.files, podFiles(second * 350))
          await sleep(1000)
        }
        assert.equal(metrics()?.metrics.standing, 'measured')
        assert.deepEqual(metrics()?.metrics.averages.get('C')?.map(Math.round), [35])
        await worker.destroy()
        const { reads } = machine
        await sleep(10_000)
        assert.equal(machine.reads, reads)
      }))

    it('read nothing of the machine when they are off', () =>
      inApplication(async (app) => {
        const machine = new FakeMachine({ ...POD_FILES })
        const worker = workerOn(machine, app, 'off')
        await worker.start(new AbortController().signal)
        await sleep(30_000)
        assert.deepEqual(machine.asked, [])
        assert.equal(readWorkerMetricsRow(app.row('w1') ?? {})?.metrics.standing, 'default')
        await worker.destroy()
      }))
  })
})
