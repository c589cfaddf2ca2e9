import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'
import { aggregatedRecordType } from '../../src/aggregation/schema.ts'

const PROTO = new URL('../../src/aggregation/aggregated-record.proto', import.meta.url)

describe('aggregatedRecordType', () => {
  it('says what aggregated-record.proto says', () => {
    const { root } = protobuf.parse(readFileSync(PROTO, 'utf8'), { keepCase: true })
    for (const name of ['AggregatedRecord', 'Record', 'Tag']) {
      const ours = aggregatedRecordType().root.lookupType(name)
      assert.deepEqual(ours.toJSON().fields, root.lookupType(name).toJSON().fields)
    }
  })
})
