/**
 * Closes consumers with clients of their own in several states, on real sockets, and says what each
 * left behind. It ends by itself, or the parent sees that it does not.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { Consumer, type Handler } from '@millrace/consumer'
import { nextTurn, sleep } from '@millrace/core/internal'

const [endpoint = '', dynamodbEndpoint = '', stream = ''] = process.argv.slice(2)
/** Sockets end in the turns that follow their destruction. */
const TURNS = 200

interface Way {
  readonly name: string
  readonly handler: (called: () => void) => Handler
  /** Waits until then; default: for a handler call. */
  readonly when?: (consumer: Consumer) => Promise<void>
  readonly end: (consumer: Consumer) => Promise<void>
}

/** All that clients opened: one kept for later calls does not keep the process, hence is no resource. */
const sockets: Socket[] = []
subscribe('net.client.socket', (message) => {
  sockets.push((message as { readonly socket: Socket }).socket)
})

const hangs = new Promise<never>(() => {})
const quick = (called: () => void): Handler => ({ eachRecord: called })

const WAYS: readonly Way[] = [
  { name: 'starting', handler: quick, when: () => sleep(20), end: (one) => one.close() },
  { name: 'reading', handler: quick, end: (one) => one.close() },
  {
    name: 'handler hanging',
    handler: (called) => ({
      eachRecord: async () => {
        called()
        await hangs
      },
    }),
    end: (one) => one.close({ timeoutMs: 500 }),
  },
  { name: 'no time at all', handler: quick, end: (one) => one.close({ timeoutMs: 0 }) },
  { name: 'destroyed', handler: quick, end: async (one) => one.destroy() },
]

for (const { name, handler, when, end } of WAYS) {
  const before = resources()
  const consumer = new Consumer({
    ...{ applicationName: name.replaceAll(' ', '-'), stream, endpoint, dynamodbEndpoint },
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    initialPosition: 'TRIM_HORIZON',
    logger: false,
    lease: { assignmentIntervalMs: 1000, discoveryIntervalMs: 500, observationIntervalMs: 500 },
    retrieval: { mode: 'polling', idleTimeBetweenReadsMs: 200 },
  })
  const stopper = new AbortController()
  const ended = await new Promise<string>((resolve, reject) => {
    const isCalled = new Promise<void>((called) => {
      const running = consumer.run(handler(called), { signal: stopper.signal })
      running.then(
        () => resolve('resolved'),
        (cause: unknown) => resolve(String(cause)),
      )
    })
    const reached = when === undefined ? isCalled : when(consumer)
    reached.then(() => end(consumer)).catch(reject)
  })
  // A second close waits for what the first, or destroy(), began.
  await consumer.close()
  const line = { name, ended, state: consumer.state, left: await left(before) }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function resources(): string[] {
  const open = sockets.filter(({ destroyed }) => !destroyed).map(() => 'Socket')
  return [...process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate'), ...open]
}

/** Beyond what was there before. */
async function left(before: readonly string[]): Promise<readonly string[]> {
  for (let turn = 0; ; turn++) {
    const known = [...before]
    const more = resources().filter((kind) => {
      const at = known.indexOf(kind)
      if (at >= 0) known.splice(at, 1)
      return at < 0
    })
    if (more.length === 0 || turn === TURNS) return more
    await new Promise<void>((resolve) => nextTurn(resolve))
  }
}
