/**
 * What a consumer holds of its shards while its handler takes ten times as long as they take to give
 * more: counted by the server, so it is the same on every machine. Peak RSS is shown beside it.
 */
import { sleep } from '@millrace/core/internal'
import { builtProgram } from './built-program.ts'
import { CLIENT_SOURCE, NodeClient } from './consumer/clients.ts'
import { SHARDS, SLOW_BOUND_BYTES, type StubSettings } from './consumer/messages.ts'
import { ready } from './consumer/readiness.ts'
import { Stub } from './consumer/stub.ts'
import type { CountResult } from './count.ts'

const LOAD: StubSettings = { content: 'plain', dataBytes: 1024 }
/** More than is read meanwhile. */
const PAGES = 100
const RUN_MS = 20_000
const MIB = 1024 * 1024

export async function countSlowHandler(): Promise<readonly CountResult[]> {
  const program = builtProgram(CLIENT_SOURCE)
  const stub = await Stub.start(LOAD)
  const client = new NodeClient(program, 'thin path, slow handler', stub, LOAD)
  try {
    await ready('the slow handler', client, stub)
    const idle = await client.soFar()
    const { dataBytes } = await stub.add(client.stream, PAGES)
    await sleep(RUN_MS)
    const { handledBytes, pagesRead, peakRssBytes } = await looked(client, stub)
    const readBytes = (pagesRead * dataBytes) / (PAGES * SHARDS)
    if (handledBytes === 0) throw new Error('slow handler: nothing was handled')
    return [resultOf(readBytes - handledBytes, idle.peakRssBytes, peakRssBytes)]
  } finally {
    client.stop()
    stub.stop()
  }
}

interface Look {
  readonly handledBytes: number
  readonly pagesRead: number
  readonly peakRssBytes: number
}

/** What was read while nothing was handled: else a page could be read in the place of one that counts still. */
async function looked(client: NodeClient, stub: Stub): Promise<Look> {
  let handledBytes = 0
  for (;;) {
    handledBytes += (await client.soFar()).dataBytes
    const { pagesRead } = await stub.add(client.stream, 0)
    const { dataBytes, peakRssBytes } = await client.soFar()
    if (dataBytes === 0) return { handledBytes, pagesRead, peakRssBytes }
    handledBytes += dataBytes
  }
}

function resultOf(heldBytes: number, idleRssBytes: number, peakRssBytes: number): CountResult {
  const ratio = heldBytes / SLOW_BOUND_BYTES
  return {
    name: 'consumer, a handler ten times too slow',
    unit: `MiB, after ${RUN_MS / 1000} s, ${SHARDS} shards`,
    counts: [
      { name: 'read and not handled', value: heldBytes / MIB },
      { name: 'peak RSS before the first record', value: idleRssBytes / MIB },
      { name: 'peak RSS', value: peakRssBytes / MIB },
    ],
    ceilings: [{ name: 'held, of maxTotalPendingBytes', ratio, atMost: 1, held: ratio <= 1 }],
  }
}
