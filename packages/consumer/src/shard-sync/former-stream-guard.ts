/** At start: refuses, or by option removes, the leases of a former stream of the same name. */
import type { Logger, Shard } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { LeaseTableError } from '../errors.ts'
import type { Lease } from '../lease/lease.ts'
import type { LeaseStore } from '../lease/lease-store.ts'
import type { OnRecreatedStream } from '../options.ts'
import { formerStream } from './former-stream.ts'

export interface FormerStreamGuardOptions {
  readonly store: Pick<LeaseStore, 'scan' | 'deleteUnchanged' | 'tableName'>
  readonly listShards: (signal: AbortSignal) => Promise<readonly Shard[]>
  readonly onRecreatedStream: OnRecreatedStream
  readonly logger: Logger
}

/** A list that lags behind a reshard must not pass for another stream. */
const SECOND_LOOK_AFTER_MS = 5000

interface Finding {
  readonly leases: readonly Lease[]
  readonly why: string | undefined
}

/** @throws LeaseTableError, ServiceError */
export async function guardAgainstFormerStream(
  options: FormerStreamGuardOptions,
  signal: AbortSignal,
): Promise<void> {
  if ((await look(options, signal)).why === undefined) return
  await sleep(SECOND_LOOK_AFTER_MS, signal)
  const { leases, why } = await look(options, signal)
  if (why === undefined) return
  const { store, logger, onRecreatedStream } = options
  if (onRecreatedStream === 'refuse') {
    throw new LeaseTableError(
      store.tableName,
      `its leases are those of a former stream of this name: ${why}`,
      "Set onRecreatedStream to 'reset' to delete them and begin at initialPosition, or use another applicationName.",
    )
  }
  logger.warn({ leases: leases.length, why }, 'deleting the leases of a former stream')
  // Each as it was read: a peer that resets too may have made new ones already.
  for (const lease of leases) await store.deleteUnchanged(lease)
}

/** The rows first: a shard that they know is in a list that is asked for afterwards. */
async function look(
  { store, listShards }: FormerStreamGuardOptions,
  signal: AbortSignal,
): Promise<Finding> {
  const leases = (await store.scan(true)).leases
  const why = leases.length === 0 ? undefined : formerStream(leases, await listShards(signal))
  return { leases, why }
}
