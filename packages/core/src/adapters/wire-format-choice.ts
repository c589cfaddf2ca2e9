/**
 * Pure: which format the requests to one endpoint have. Amazon Kinesis reads CBOR; of the emulators
 * some refuse it by name, and some break on it.
 */

export type WireFormat = 'cbor' | 'json'

/** What an answer tells about the format of its request. */
export interface AnswerTraits {
  readonly statusCode: number
  /** It came in CBOR. */
  readonly isCbor: boolean
  /** It is what the AWS protocols say, result or error. */
  readonly isReadable: boolean
  /** The error's name, if it told one. */
  readonly errorName: string | undefined
}

/** In JSON, these say that the request was not understood; nothing of it was done. */
const REFUSAL_NAMES: ReadonlySet<string> = new Set([
  'SerializationException',
  'UnknownOperationException',
])
/** Without a readable body, these do. */
const REFUSAL_STATUS: ReadonlySet<number> = new Set([400, 404, 406, 415])

export class WireFormatChoice {
  #format: WireFormat = 'cbor'
  /** CBOR was understood here: no failure makes us doubt it any more. */
  #isProven = false
  #breakdowns = 0

  get format(): WireFormat {
    return this.#format
  }

  /** @returns true when the request was refused for its format and is to be sent again in the other */
  note(sent: WireFormat, answer: AnswerTraits): boolean {
    if (sent === 'json') {
      // It was the format, or the endpoint was down for a while: a second breakdown decides.
      if (answer.isReadable && this.#breakdowns === 1) this.#format = 'cbor'
      return false
    }
    if (this.#isProven) return false
    if (answer.isReadable && (answer.isCbor || answer.statusCode < 300)) {
      this.#isProven = true
      this.#format = 'cbor'
      return false
    }
    if (isRefusal(answer)) {
      this.#format = 'json'
      this.#breakdowns = 2
      return true
    }
    if (answer.statusCode >= 500 && !answer.isReadable && this.#format === 'cbor') {
      this.#format = 'json'
      this.#breakdowns++
    }
    return false
  }
}

function isRefusal({ statusCode, isCbor, isReadable, errorName }: AnswerTraits): boolean {
  if (isCbor || statusCode < 400 || statusCode >= 500) return false
  return isReadable && errorName !== undefined
    ? REFUSAL_NAMES.has(errorName)
    : REFUSAL_STATUS.has(statusCode)
}
