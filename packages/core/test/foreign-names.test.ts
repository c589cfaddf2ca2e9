import assert from 'node:assert/strict'
import { foreignNameHint, named, withoutCounterpart } from '../src/foreign-names.ts'

describe('foreignNameHint', () => {
  const hintFor = foreignNameHint('KPL', [
    named('recordTtl', 'recordTtlMs'),
    named('rateLimit', 'rateLimitPercent', 'In percent.'),
    withoutCounterpart('tempDirectory', 'Nothing is unpacked.'),
  ])

  it('names the option here, and what else is to be known', () => {
    assert.equal(hintFor('recordTtl'), 'Use "recordTtlMs" (KPL: recordTtl).')
    assert.equal(hintFor('rateLimit'), 'Use "rateLimitPercent" (KPL: rateLimit). In percent.')
  })

  it('says of a name without a counterpart why it has none', () => {
    assert.equal(
      hintFor('tempDirectory'),
      "KPL's tempDirectory has no counterpart here. Nothing is unpacked.",
    )
  })

  it('goes by the name alone, however it is capitalized', () => {
    assert.equal(hintFor('RECORDTTL'), hintFor('recordTtl'))
    assert.equal(hintFor('record'), undefined)
  })
})
