/** A DynamoPort whose next write is answered by nobody: applied or not, the caller cannot know. */
import { type DynamoPort, type dynamo, ServiceError } from '@millrace/core'

/** `lost-reply`: applied, then no answer. `dropped`: never arrives. */
export type WriteFailure = 'lost-reply' | 'dropped'

type Write = 'putItem' | 'updateItem' | 'deleteItem'

export class FlakyDynamo implements DynamoPort {
  readonly #port: DynamoPort
  #failure: WriteFailure | undefined
  /** Runs after the failed write and before its caller learns of it. */
  #meanwhile: (() => Promise<unknown>) | undefined

  constructor(port: DynamoPort) {
    this.#port = port
  }

  failNextWrite(failure: WriteFailure, meanwhile?: () => Promise<unknown>): void {
    this.#failure = failure
    this.#meanwhile = meanwhile
  }

  putItem(input: dynamo.PutItemInput): Promise<void> {
    return this.#write('putItem', () => this.#port.putItem(input))
  }
  updateItem(input: dynamo.UpdateItemInput): Promise<dynamo.UpdateItemOutput> {
    return this.#write('updateItem', () => this.#port.updateItem(input))
  }
  deleteItem(input: dynamo.DeleteItemInput): Promise<void> {
    return this.#write('deleteItem', () => this.#port.deleteItem(input))
  }
  getItem(input: dynamo.GetItemInput): Promise<dynamo.GetItemOutput> {
    return this.#port.getItem(input)
  }
  query(input: dynamo.QueryInput): Promise<dynamo.ItemsPage> {
    return this.#port.query(input)
  }
  scan(input: dynamo.ScanInput): Promise<dynamo.ItemsPage> {
    return this.#port.scan(input)
  }
  createTable(input: dynamo.CreateTableInput): Promise<dynamo.TableOutput> {
    return this.#port.createTable(input)
  }
  updateTable(input: dynamo.UpdateTableInput): Promise<dynamo.TableOutput> {
    return this.#port.updateTable(input)
  }
  describeTable(input: { readonly TableName: string }): Promise<dynamo.TableOutput> {
    return this.#port.describeTable(input)
  }

  async #write<T>(write: Write, send: () => Promise<T>): Promise<T> {
    const failure = this.#failure
    const meanwhile = this.#meanwhile
    this.#failure = undefined
    this.#meanwhile = undefined
    if (failure === undefined) return await send()
    if (failure === 'lost-reply') await send()
    await meanwhile?.()
    throw new ServiceError(write, 'TimeoutError', 'no answer', { kind: 'network' })
  }
}
