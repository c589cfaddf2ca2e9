import assert from 'node:assert/strict'
import { compareExtendedSequenceNumbers, isServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import fc from 'fast-check'
import { InvalidCheckpointError, LeaseLostError } from '../../src/errors.ts'
import { readLeaseRow } from '../../src/lease/lease-row.ts'
import { position } from '../lease/leases.ts'
import { F, holding } from './held-lease-fixture.ts'

const fault = fc.record({
  waitMs: fc.nat(4000),
  operation: fc.constantFrom<'updateItem' | 'getItem'>('updateItem', 'updateItem', 'getItem'),
  kind: fc.constantFrom<'fail' | 'throttle' | 'lose-reply' | 'delay'>(
    'fail',
    'throttle',
    'lose-reply',
    'delay',
  ),
  delayMs: fc.integer({ min: 1, max: 6000 }),
  delayed: fc.constantFrom<'reply' | 'request'>('reply', 'request'),
  times: fc.integer({ min: 1, max: 6 }),
})
const checkpoint = fc.record({ waitMs: fc.nat(4000), at: fc.integer({ min: 1, max: 30 }) })
const steps = fc.array(fc.oneof(fault, checkpoint), { minLength: 1, maxLength: 20 })

describe('HeldLease, over random faults and checkpoints', () => {
  it('believes only while nobody can take it, and never stores a step back', async () => {
    let expired = 0
    let stored = 0
    let handedOver = 0
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.nat(1000),
        fc.option(fc.nat(40_000)),
        fc.option(fc.nat(40_000)),
        async (script, seed, theftMs, askMs) => {
          let lastWriteMs = 0
          let elapsedMs = (): number => 0
          await holding(
            async (bench) => {
              const { held, dynamo, store, time, ends } = bench
              elapsedMs = () => time.elapsedMs()
              await held.begin()
              const watch = { over: false }
              const watching = (async () => {
                while (!watch.over) {
                  const now = time.elapsedMs()
                  if (held.believes()) assert.ok(now < lastWriteMs + F, `believes at ${now}`)
                  else {
                    // A timer of the same instant may still be due.
                    await sleep(1)
                    assert.ok(held.signal.aborted, `no abort at ${now}`)
                  }
                  await sleep(25)
                }
              })()
              const thief = (async () => {
                if (theftMs === null) return
                await sleep(theftMs)
                const row = await store.get(held.leaseKey).catch(() => undefined)
                if (row !== undefined) await store.assign(row, 'thief').catch(() => undefined)
              })()
              const leader = (async () => {
                if (askMs === null) return
                await sleep(askMs)
                const row = await store.get(held.leaseKey).catch(() => undefined)
                if (row?.leaseOwner !== 'me') return
                await store
                  .startHandoff({ ...row, leaseOwner: 'me' }, 'heir')
                  .catch(() => undefined)
              })()
              const faults: { clear(): void }[] = []
              const asked: Promise<void>[] = []
              for (const step of script) {
                await sleep(step.waitMs)
                if ('at' in step) {
                  asked.push(
                    held.checkpoint(position(100 + step.at)).then(
                      () => void stored++,
                      (cause: unknown) => {
                        const known =
                          cause instanceof LeaseLostError ||
                          cause instanceof InvalidCheckpointError ||
                          isServiceError(cause)
                        assert.ok(known, String(cause))
                      },
                    ),
                  )
                } else {
                  const { waitMs: _, ...injected } = step
                  faults.push(dynamo.injectFault(injected))
                }
              }
              for (const each of faults) each.clear()
              await Promise.all([...asked, thief, leader])
              await sleep(F)
              if (held.ended === undefined) {
                const row = await store.get(held.leaseKey)
                const isAsked = row?.checkpointOwner === 'me'
                assert.equal(row?.leaseOwner, isAsked ? 'heir' : 'me')
                assert.equal(held.inHandoff, isAsked)
                assert.deepEqual(bench.asked, isAsked ? ['heir'] : [])
                if (isAsked) handedOver++
                await held.checkpoint(position(999))
                if (isAsked) await held.handOver(undefined)
              } else expired++
              watch.over = true
              await watching
              assert.ok(ends.length <= 1)
            },
            {
              seed,
              onWrite: ({ before, after }) => {
                const then = before === undefined ? undefined : readLeaseRow(before)
                const now = after === undefined ? undefined : readLeaseRow(after)
                if (then?.kind !== 'lease' || now?.kind !== 'lease') return
                const isRequest =
                  then.lease.checkpointOwner === undefined && now.lease.checkpointOwner === 'me'
                const step = isRequest ? 0 : 1
                if (!isRequest) lastWriteMs = elapsedMs()
                assert.equal(now.lease.leaseCounter, then.lease.leaseCounter + step)
                const order = compareExtendedSequenceNumbers(
                  now.lease.checkpoint,
                  then.lease.checkpoint,
                )
                assert.ok(order >= 0, 'the stored position went back')
              },
            },
          )
        },
      ),
      { numRuns: 50 },
    )
    assert.ok(expired > 0 && stored > 0 && handedOver > 0, 'all kinds of history were met')
  })
})
