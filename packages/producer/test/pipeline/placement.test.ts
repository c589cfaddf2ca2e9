import assert from 'node:assert/strict'
import { HashWordRange } from '@millrace/core/internal'
import { placementOf } from '../../src/pipeline/placement.ts'

const low = { partitionKey: 'a', explicitHashKey: '5' }
const high = { partitionKey: 'a', explicitHashKey: '50' }
const range = new HashWordRange({ start: 0n, end: 10n })

describe('placementOf', () => {
  it('finds a lone record right wherever it is', () => {
    assert.equal(placementOf([high], 's-1', 's-2', undefined), 'right')
    assert.equal(placementOf([high], 's-1', 's-2', range), 'right')
  })

  it('finds an aggregate right where it was meant to go', () => {
    assert.equal(placementOf([low, high], 's-1', 's-1', undefined), 'right')
  })

  it('needs the range of any other shard', () => {
    assert.equal(placementOf([low, low], 's-1', 's-2', undefined), 'unknown')
  })

  it('finds an aggregate wrong as a whole if one record lies outside', () => {
    assert.equal(placementOf([low, low], 's-1', 's-2', range), 'right')
    assert.equal(placementOf([low, high], 's-1', 's-2', range), 'wrong')
  })
})
