/** DynamoPort over @aws-sdk/client-dynamodb: the lease pool. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  type DeleteItemCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  type GetItemCommandInput,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
  UpdateContinuousBackupsCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
  UpdateTableCommand,
  type UpdateTableCommandInput,
} from '@aws-sdk/client-dynamodb'
import type { CallOptions } from '../ports/call-options.ts'
import type {
  CreateTableInput,
  DeleteItemInput,
  DynamoPort,
  GetItemInput,
  GetItemOutput,
  Item,
  ItemsPage,
  PutItemInput,
  QueryInput,
  ScanInput,
  TableDescription,
  TableOutput,
  UpdateContinuousBackupsInput,
  UpdateItemInput,
  UpdateItemOutput,
  UpdateTableInput,
} from '../ports/dynamo.ts'
import { answered, type SdkSendOptions, sdkCall } from './sdk-call.ts'
import { LazySdkClient } from './sdk-client.ts'
import { type AwsClientOptions, resolveAwsClientOptions } from './sdk-options.ts'

/** The DynamoDB port over the AWS SDK. @public */
export interface SdkDynamo extends Required<DynamoPort> {
  /** Ends calls in flight and lets go of the sockets. Later calls reject. */
  close(): void
}

/**
 * Amazon DynamoDB through AWS SDK v3: HTTP/1.1 keep-alive on a pool of its own, so that leases
 * never wait for records, time-outs that throw, one attempt a call. The client is made at the
 * first call.
 *
 * @example
 * const dynamo = dynamoFromSdk({ region: 'eu-west-1' })
 * @throws InvalidOptionError
 * @public
 */
export function dynamoFromSdk(options?: AwsClientOptions): SdkDynamo {
  return new SdkDynamoAdapter(options)
}

class SdkDynamoAdapter implements SdkDynamo {
  readonly #leases: LazySdkClient<DynamoDBClient>
  readonly #timeoutMs: number

  constructor(given: AwsClientOptions | undefined) {
    const options = resolveAwsClientOptions('dynamodb', given)
    this.#timeoutMs = options.requestTimeoutMs
    this.#leases = new LazySdkClient(DynamoDBClient, options, options.maxConnections)
  }

  async getItem(input: GetItemInput, options?: CallOptions): Promise<GetItemOutput> {
    const command = new GetItemCommand(input as GetItemCommandInput)
    const output = await this.#call('GetItem', options, (client, send) =>
      client.send(command, send),
    )
    return { Item: output.Item as Item | undefined }
  }

  async putItem(input: PutItemInput, options?: CallOptions): Promise<void> {
    const command = new PutItemCommand(input as PutItemCommandInput)
    await this.#call('PutItem', options, (client, send) => client.send(command, send))
  }

  async updateItem(input: UpdateItemInput, options?: CallOptions): Promise<UpdateItemOutput> {
    const command = new UpdateItemCommand(input as UpdateItemCommandInput)
    const output = await this.#call('UpdateItem', options, (client, send) =>
      client.send(command, send),
    )
    return { Attributes: output.Attributes as Item | undefined }
  }

  async deleteItem(input: DeleteItemInput, options?: CallOptions): Promise<void> {
    const command = new DeleteItemCommand(input as DeleteItemCommandInput)
    await this.#call('DeleteItem', options, (client, send) => client.send(command, send))
  }

  async query(input: QueryInput, options?: CallOptions): Promise<ItemsPage> {
    const command = new QueryCommand(input as QueryCommandInput)
    const output = await this.#call('Query', options, (client, send) => client.send(command, send))
    return itemsPage('Query', output)
  }

  async scan(input: ScanInput, options?: CallOptions): Promise<ItemsPage> {
    const command = new ScanCommand(input as ScanCommandInput)
    const output = await this.#call('Scan', options, (client, send) => client.send(command, send))
    return itemsPage('Scan', output)
  }

  async createTable(input: CreateTableInput, options?: CallOptions): Promise<TableOutput> {
    const command = new CreateTableCommand(input as CreateTableCommandInput)
    const output = await this.#call('CreateTable', options, (client, send) =>
      client.send(command, send),
    )
    return tableOutput('CreateTable', output.TableDescription)
  }

  async updateTable(input: UpdateTableInput, options?: CallOptions): Promise<TableOutput> {
    const command = new UpdateTableCommand(input as UpdateTableCommandInput)
    const output = await this.#call('UpdateTable', options, (client, send) =>
      client.send(command, send),
    )
    return tableOutput('UpdateTable', output.TableDescription)
  }

  async describeTable(
    input: { readonly TableName: string },
    options?: CallOptions,
  ): Promise<TableOutput> {
    const command = new DescribeTableCommand(input)
    const output = await this.#call('DescribeTable', options, (client, send) =>
      client.send(command, send),
    )
    return tableOutput('DescribeTable', output.Table)
  }

  async updateContinuousBackups(
    input: UpdateContinuousBackupsInput,
    options?: CallOptions,
  ): Promise<void> {
    const command = new UpdateContinuousBackupsCommand(input)
    await this.#call('UpdateContinuousBackups', options, (client, send) =>
      client.send(command, send),
    )
  }

  close(): void {
    this.#leases.close()
  }

  #call<T>(
    operation: string,
    options: CallOptions | undefined,
    send: (client: DynamoDBClient, options: SdkSendOptions) => Promise<T>,
  ): Promise<T> {
    return sdkCall(operation, options, this.#timeoutMs, async (sendOptions) =>
      send(this.#leases.get(operation), sendOptions),
    )
  }
}

function itemsPage(
  operation: string,
  output: { readonly Items?: unknown; readonly LastEvaluatedKey?: unknown },
): ItemsPage {
  return {
    Items: answered(operation, 'Items', output.Items as readonly Item[] | undefined),
    LastEvaluatedKey: output.LastEvaluatedKey as Item | undefined,
  }
}

/** The port's `BillingMode` lies one level deeper in the service's shape. */
function tableOutput(operation: string, table: unknown): TableOutput {
  const described = answered(operation, 'table', table as ServiceTable | undefined)
  const { BillingModeSummary: billing, ...rest } = described
  return { Table: { ...rest, BillingMode: rest.BillingMode ?? billing?.BillingMode } }
}

type ServiceTable = TableDescription & {
  readonly BillingModeSummary?: { readonly BillingMode?: TableDescription['BillingMode'] }
}
