/** One client in a process of its own, which reads when told and says what CPU time that took. */
import type { ReadingClient } from './client.ts'
import type { ClientSettings, NodeClientName, RunCommand, RunReport } from './messages.ts'
import { sdkAdapter, slowThinPath, thinPath } from './millrace-clients.ts'
import { sdkAsShipped, sdkKeepAlive } from './sdk-clients.ts'
import { Tally } from './tally.ts'

const CLIENTS: Readonly<
  Record<NodeClientName, (settings: ClientSettings, tally: Tally) => ReadingClient>
> = {
  'thin path': thinPath,
  'thin path, slow handler': slowThinPath,
  'SDK adapter': sdkAdapter,
  'sdk as shipped': sdkAsShipped,
  'sdk keep-alive': sdkKeepAlive,
}

const settings = JSON.parse(process.argv[2] ?? '') as ClientSettings
const tally = new Tally()
const client = CLIENTS[settings.client](settings, tally)
let before = { cpu: process.cpuUsage(), total: tally.total }

process.on('message', (command: RunCommand) => {
  if (command.records === 0) begin()
  else void run(command.records)
})
process.once('disconnect', () => process.exit())
// The line may have been cut while this process was still starting.
if (!process.connected) process.exit()

/**
 * Told before the records are there: from here on what it does is for them. Nothing is collected first: a
 * collection of all while nothing is at work also drops hidden classes that optimized code relies on.
 */
function begin(): void {
  report()
  before = { cpu: process.cpuUsage(), total: tally.total }
}

async function run(records: number): Promise<void> {
  await client.read(tally, before.total.records + records)
  report()
}

function report(): void {
  const { records, dataBytes } = tally.total
  const { user, system } = process.cpuUsage(before.cpu)
  process.send?.({
    received: records - before.total.records,
    dataBytes: dataBytes - before.total.dataBytes,
    cpuUs: user + system,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  } satisfies RunReport)
}
