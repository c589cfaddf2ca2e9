/** One client in a process of its own, which puts when told and says what CPU time that took. */
import { barePut, bareTryPut } from './bare-clients.ts'
import { type Load, LoadMaker } from './load.ts'
import type { ClientSettings, NodeClientName, RunCommand, RunReport } from './messages.ts'
import { putClient, tryPutClient } from './millrace-clients.ts'
import { sdkAsShipped, sdkKeepAlive } from './sdk-clients.ts'

const CLIENTS: Readonly<
  Record<NodeClientName, (settings: ClientSettings) => (load: Load) => Promise<number>>
> = {
  put: putClient,
  tryPut: tryPutClient,
  'bare put': barePut,
  'bare tryPut': bareTryPut,
  'sdk as shipped': sdkAsShipped,
  'sdk keep-alive': sdkKeepAlive,
}

const settings = JSON.parse(process.argv[2] ?? '') as ClientSettings
const maker = new LoadMaker(settings.dataBytes)
const putAll = CLIENTS[settings.client](settings)

process.on('message', ({ records }: RunCommand) => void run(records))
process.once('disconnect', () => process.exit())

async function run(records: number): Promise<void> {
  const load = maker.make(records)
  // Minor ones only, which age the load: a major one with nothing outstanding also drops hidden classes
  // that optimized code relies on, and every round would begin with compiling.
  globalThis.gc?.({ type: 'minor' })
  globalThis.gc?.({ type: 'minor' })
  const before = process.cpuUsage()
  const acknowledged = await putAll(load)
  const { user, system } = process.cpuUsage(before)
  process.send?.({ acknowledged, cpuUs: user + system } satisfies RunReport)
}
