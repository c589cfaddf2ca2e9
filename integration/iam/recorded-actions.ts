/** Which actions on which resources a run needs, as its requests on the wire name them. */
import type { InProcessRequest, InProcessRequestHandler } from '@millrace/testing'

/** `Kinesis_20131202.PutRecords`, `DynamoDB_20120810.Query` */
const OPERATION = /^(?:Kinesis|DynamoDB)_\d+\.(\w+)$/

export class RecordedActions {
  readonly #stream: string
  readonly #seen = new Set<string>()

  /** @param stream the only one of the run: most requests for records do not name theirs */
  constructor(stream: string) {
    this.#stream = stream
  }

  /** `dynamodb:Query table/orders-app/index/...`, sorted. */
  get sorted(): readonly string[] {
    return [...this.#seen].sort()
  }

  /** A request handler that notes each request before the other one answers it. */
  kinesis(handler: InProcessRequestHandler): InProcessRequestHandler {
    return noting(handler, (request) => {
      this.#seen.add(`kinesis:${operationOf(request)} stream/${this.#stream}`)
    })
  }

  dynamo(handler: InProcessRequestHandler): InProcessRequestHandler {
    return noting(handler, (request) => {
      const { TableName, IndexName, Tags } = JSON.parse(textOf(request)) as {
        readonly TableName: string
        readonly IndexName?: string
        readonly Tags?: readonly unknown[]
      }
      const index = IndexName === undefined ? '' : `/index/${IndexName}`
      const resource = `table/${TableName}${index}`
      this.#seen.add(`dynamodb:${operationOf(request)} ${resource}`)
      // The service asks for it as well when a table is made with tags.
      if (Tags !== undefined) this.#seen.add(`dynamodb:TagResource ${resource}`)
    })
  }
}

function noting(
  handler: InProcessRequestHandler,
  note: (request: InProcessRequest) => void,
): InProcessRequestHandler {
  return {
    metadata: handler.metadata,
    handle: (request, options) => {
      note(request)
      return handler.handle(request, options)
    },
    destroy: () => handler.destroy(),
    updateHttpClientConfig: () => handler.updateHttpClientConfig(),
    httpHandlerConfigs: () => handler.httpHandlerConfigs(),
  }
}

/** A view: text methods of the SDK's own bytes warn. */
function textOf({ body }: InProcessRequest): string {
  if (typeof body === 'string') return body
  const { buffer, byteOffset, byteLength } = body as Uint8Array
  return Buffer.from(buffer, byteOffset, byteLength).toString()
}

function operationOf({ headers }: InProcessRequest): string {
  const [, operation] = OPERATION.exec(headers['x-amz-target'] ?? '') ?? []
  if (operation === undefined) throw new Error('A request without a target')
  return operation
}
