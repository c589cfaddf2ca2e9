/** Consumers get their leases by themselves, and take their time. */
import { sleep } from '@millrace/core/internal'
import { SHARDS } from './messages.ts'
import type { Stub } from './stub.ts'

const LOOK_EVERY_MS = 500
const LOOKS = 480

/** Until a client reads all shards. */
export async function ready(
  name: string,
  { stream }: { readonly stream: string },
  stub: Stub,
): Promise<void> {
  for (let looks = 0; (await stub.add(stream, 0)).shardsRead < SHARDS; looks++) {
    if (looks === LOOKS) throw new Error(`consumer: ${name} does not get all leases`)
    await sleep(LOOK_EVERY_MS)
  }
}
