/** The lease table as an onlooker sees it, and who led so far. */
import { type dynamo, dynamoFromSdk } from '@millrace/core'
import { monotonicMs, sleep } from '@millrace/core/internal'
import { LOCAL_AWS } from '../demo/processes.ts'
import { type TableView, viewOfRows } from './table-view.ts'

type Dynamo = ReturnType<typeof dynamoFromSdk>

const STATUS_POLL_MS = 200

export class LeaseTableWatch {
  readonly #dynamo: Dynamo
  readonly #tableName: string
  readonly #leaders: string[] = []

  constructor(endpoint: string, tableName: string) {
    this.#dynamo = dynamoFromSdk({ ...LOCAL_AWS, endpoint })
    this.#tableName = tableName
  }

  /** Worker ids in the order in which they were seen to lead. */
  get leaders(): readonly string[] {
    return this.#leaders
  }

  /**
   * An empty lease table with its index. KCL would make the table itself, but adds the index to a
   * table that exists already, which dynalite does not do.
   */
  async makeTable(input: dynamo.CreateTableInput): Promise<void> {
    await this.#dynamo.createTable(input)
    for (;;) {
      const { Table } = await this.#dynamo.describeTable({ TableName: this.#tableName })
      if (Table.TableStatus === 'ACTIVE') return
      await sleep(STATUS_POLL_MS)
    }
  }

  async look(): Promise<TableView> {
    const rows: dynamo.Item[] = []
    let start: dynamo.Item | undefined
    do {
      const page = await this.#dynamo.scan({
        TableName: this.#tableName,
        ConsistentRead: true,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      })
      rows.push(...(page.Items ?? []))
      start = page.LastEvaluatedKey
    } while (start !== undefined)
    const view = viewOfRows(rows)
    if (view.leader !== undefined && view.leader !== this.#leaders.at(-1)) {
      this.#leaders.push(view.leader)
    }
    return view
  }

  close(): void {
    this.#dynamo.close()
  }
}

/** How long until `ready` said yes; undefined when it never did within the limit. */
export async function waitUntil(
  ready: () => Promise<boolean>,
  limits: { readonly limitMs: number; readonly everyMs: number; readonly signal: AbortSignal },
): Promise<number | undefined> {
  const beganMs = monotonicMs()
  while (!(await ready())) {
    if (monotonicMs() - beganMs > limits.limitMs) return undefined
    await sleep(limits.everyMs, limits.signal)
  }
  return monotonicMs() - beganMs
}
