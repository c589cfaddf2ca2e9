import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { ShardWorld, utf8 } from '../shard-fixture.ts'

/** Decodes nothing: what it is given shows. */
const views: { data: Uint8Array }[] = []
const codec = {
  ...utf8,
  decode: (data: Uint8Array): string => {
    views.push({ data })
    return utf8.decode(data)
  },
}

describe('the option copy', () => {
  for (const copy of [false, true]) {
    it(`${copy ? 'gives each value bytes of its own' : 'left out, bytes are views on the page'}`, () =>
      runInVirtualTime(async () => {
        const world = await new ShardWorld().create()
        await world.putAggregate(['abc', 'def'])
        const seen: string[] = []
        views.length = 0
        const served = world.serve(
          { eachRecord: (record) => void seen.push(record.data) },
          { options: { codec, copy } },
        )
        await sleep(2000)
        served.consumer.requestStop()
        await served.done
        assert.deepEqual(seen, ['abc', 'def'])
        const [first, second] = views.map(({ data }) => data)
        assert.equal(first?.buffer === second?.buffer, !copy)
        assert.equal(first?.buffer.byteLength === 3, copy)
      }))
  }
})
