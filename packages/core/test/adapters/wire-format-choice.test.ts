import assert from 'node:assert/strict'
import {
  type AnswerTraits,
  type WireFormat,
  WireFormatChoice,
} from '../../src/adapters/wire-format-choice.ts'

const STORED_CBOR = traits({ isCbor: true })
const STORED_JSON = traits({})
const HTML_500 = traits({ statusCode: 500, isReadable: false })

function traits(given: Partial<AnswerTraits>): AnswerTraits {
  return { statusCode: 200, isCbor: false, isReadable: true, errorName: undefined, ...given }
}

function refusal(errorName: string | undefined, statusCode = 400): AnswerTraits {
  return traits({ statusCode, errorName, isReadable: errorName !== undefined })
}

describe('WireFormatChoice', () => {
  let choice: WireFormatChoice
  beforeEach(() => {
    choice = new WireFormatChoice()
  })

  /** Sends in the format of the moment; true if it is to be sent again. */
  function note(answer: AnswerTraits): boolean {
    return choice.note(choice.format, answer)
  }

  it('begins with CBOR and stays with it', () => {
    assert.equal(choice.format, 'cbor')
    assert.equal(note(STORED_CBOR), false)
    assert.equal(choice.format, 'cbor')
  })

  for (const [what, answer] of [
    ['a refusal by name', refusal('SerializationException')],
    ['an operation that is not known', refusal('UnknownOperationException', 404)],
    ['415 without a body that can be read', refusal(undefined, 415)],
    ['400 without a body that can be read', refusal(undefined, 400)],
  ] as const) {
    it(`goes on in JSON, and sends again, after ${what}`, () => {
      assert.equal(note(answer), true)
      assert.equal(choice.format, 'json')
      assert.equal(note(STORED_JSON), false)
      assert.equal(choice.format, 'json')
    })
  }

  it('has every call repeated that was under way in CBOR', () => {
    assert.equal(choice.note('cbor', refusal('SerializationException')), true)
    assert.equal(choice.note('cbor', refusal('SerializationException')), true)
  })

  it('never doubts CBOR once it was understood', () => {
    for (const proof of [STORED_CBOR, STORED_JSON, traits({ statusCode: 400, isCbor: true })]) {
      choice = new WireFormatChoice()
      note(proof)
      for (const answer of [refusal('SerializationException'), refusal(undefined, 415), HTML_500]) {
        assert.equal(note(answer), false)
        assert.equal(choice.format, 'cbor')
      }
    }
  })

  for (const [what, answer] of [
    ['a throttle', refusal('ProvisionedThroughputExceededException')],
    ['a stream that is not there', refusal('ResourceNotFoundException')],
    ['a proxy that wants a password', refusal(undefined, 407)],
    ['too many requests', refusal(undefined, 429)],
    ['a failure with a name', traits({ statusCode: 500, errorName: 'InternalFailure' })],
    ['a refusal that comes in CBOR', { ...refusal('SerializationException'), isCbor: true }],
    ['a result that cannot be read', traits({ isReadable: false })],
  ] as const) {
    it(`takes ${what} for no word about the format`, () => {
      assert.equal(note(answer), false)
      assert.equal(choice.format, 'cbor')
    })
  }

  it('tries JSON after a failure without a name, without sending again', () => {
    assert.equal(note(HTML_500), false)
    assert.equal(choice.format, 'json')
  })

  it('returns to CBOR when that failure was an outage', () => {
    note(HTML_500)
    note(HTML_500)
    assert.equal(choice.format, 'json')
    note(STORED_JSON)
    assert.equal(choice.format, 'cbor')
    note(STORED_CBOR)
    note(HTML_500)
    assert.equal(choice.format, 'cbor')
  })

  it('stays with JSON where CBOR breaks the server each time', () => {
    const server = (format: WireFormat): AnswerTraits =>
      format === 'cbor' ? HTML_500 : STORED_JSON
    const sent: WireFormat[] = []
    for (let call = 0; call < 8; call++) {
      const { format } = choice
      sent.push(format)
      choice.note(format, server(format))
    }
    assert.deepEqual(sent, ['cbor', 'json', 'cbor', 'json', 'json', 'json', 'json', 'json'])
  })

  it('counts the calls of one outage once', () => {
    for (let call = 0; call < 8; call++) choice.note('cbor', HTML_500)
    note(STORED_JSON)
    assert.equal(choice.format, 'cbor')
  })
})
