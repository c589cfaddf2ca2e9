/** The server of the producer benchmark: checks every user record's place and counts. */
import { Deaggregator } from '@millrace/core/internal'
import { evenShards } from '../../integration/harness/even-shards.ts'
import { startTlsKinesis } from '../../integration/harness/tls-kinesis/server.ts'
import { CREDENTIALS } from '../environment.ts'
import { SHARDS, type StubCount, type StubListening } from './messages.ts'

const NOTHING: StubCount = {
  userRecords: 0,
  dataBytes: 0,
  entries: 0,
  requests: 0,
  fault: undefined,
}

const shardMap = evenShards(SHARDS)
const deaggregators = shardMap.shards.map(({ hashKeyRange }) => new Deaggregator({ hashKeyRange }))
let count = NOTHING

function tell(message: StubListening | StubCount): void {
  process.send?.(message)
}

const stub = await startTlsKinesis({
  shardMap,
  secretAccessKey: CREDENTIALS.secretAccessKey,
  put: (entries, shards) => {
    let { userRecords, dataBytes } = count
    entries.forEach((entry, i) => {
      const found = deaggregators[shards[i] ?? -1]?.deaggregate({ ...entry, SequenceNumber: '1' })
      if (found === undefined || found.malformed !== undefined) {
        throw new Error(`a malformed aggregate: ${found?.malformed}`)
      }
      for (const { data, misplaced } of found) {
        if (misplaced) throw new Error('a user record in a shard that does not own it')
        userRecords++
        dataBytes += data.length
      }
    })
    const { entries: entriesBefore, requests } = count
    count = {
      ...count,
      userRecords,
      dataBytes,
      entries: entriesBefore + entries.length,
      requests: requests + 1,
    }
  },
  fault: (fault) => {
    count = { ...count, fault: count.fault ?? fault }
  },
})

process.on('message', () => {
  tell(count)
  count = NOTHING
})
process.once('disconnect', () => process.exit())
tell({ port: stub.port, cert: stub.certificate.cert })
