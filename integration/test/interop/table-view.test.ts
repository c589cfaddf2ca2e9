import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { dynamo } from '@millrace/core'
import { crossingsOf, spreadOf, type TableView, viewOfRows } from '../../interop/table-view.ts'

function viewOf(owners: readonly (string | undefined)[], moving = false): TableView {
  const leases = owners.map((owner, i) => ({ shardId: `shard-${i}`, owner, moving }))
  return { leader: undefined, migrationRow: true, leases }
}

describe('viewOfRows', () => {
  const recorded = new URL('../../golden/kcl/golden3x.json', import.meta.url)
  const { moments } = JSON.parse(readFileSync(recorded, 'utf8')) as {
    moments: readonly { readonly moment: string; readonly items: readonly dynamo.Item[] }[]
  }

  it('reads what a real KCL worker wrote', () => {
    const items = moments.find(({ items }) =>
      items.some((item) => item['checkpointOwner'] !== undefined),
    )?.items
    assert.ok(items !== undefined)
    const view = viewOfRows(items)
    assert.equal(view.migrationRow, true)
    assert.equal(view.leases.length, 4)
    assert.ok(view.leases.some(({ moving }) => moving))
    assert.match(view.leader ?? '', /w1/)
  })
})

describe('spreadOf', () => {
  it('is the difference between the fullest and the emptiest live worker', () => {
    assert.equal(spreadOf(viewOf(['a', 'a', 'b']), 3, ['a', 'b']), 1)
    assert.equal(spreadOf(viewOf(['a', 'a', 'a']), 3, ['a', 'b']), 3)
  })

  it('is unknown while a lease is missing, unowned, a dead worker’s or on its way', () => {
    assert.equal(spreadOf(viewOf(['a', 'b']), 3, ['a', 'b']), undefined)
    assert.equal(spreadOf(viewOf(['a', undefined]), 2, ['a', 'b']), undefined)
    assert.equal(spreadOf(viewOf(['a', 'dead']), 2, ['a', 'b']), undefined)
    assert.equal(spreadOf(viewOf(['a', 'b'], true), 2, ['a', 'b']), undefined)
  })
})

describe('crossingsOf', () => {
  it('counts the changes of leader from one kind to the other, each way', () => {
    const leaders = ['java-1', 'java-2', 'worker-3', 'worker-4', 'java-5']
    assert.deepEqual(crossingsOf(leaders), { javaToMillrace: 1, millraceToJava: 1 })
    assert.deepEqual(crossingsOf([]), { javaToMillrace: 0, millraceToJava: 0 })
  })
})
