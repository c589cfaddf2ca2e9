/** DynamoDB on the wire: dynalite in this process, in memory. */
import type { Server } from 'node:http'
import { listen } from './http/listening.ts'

export interface LocalDynamoDb {
  readonly url: string
  close(): Promise<void>
}

/** How long a table is CREATING, UPDATING or DELETING: long enough to be seen, short to wait for. */
const TABLE_CHANGE_MS = 10

/** @throws InvalidOptionError when the port is taken */
export async function startLocalDynamoDb(place: {
  readonly host: string
  readonly port: number
}): Promise<LocalDynamoDb> {
  // Loaded at need: it brings a database along.
  const { default: dynalite } = await import('dynalite')
  const server = dynalite({
    createTableMs: TABLE_CHANGE_MS,
    updateTableMs: TABLE_CHANGE_MS,
    deleteTableMs: TABLE_CHANGE_MS,
  })
  const url = await listen(server, 'dynamodbPort', place)
  return { url, close: () => closeServer(server) }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()))
    // Its close() waits for keep-alive connections otherwise.
    server.closeAllConnections()
  })
}
