/**
 * What Millrace asks of DynamoDB, in DynamoDB's own shapes. Every method rejects with
 * `ServiceError` and nothing else; a failed condition has kind `condition-failed` and carries the
 * old item when ALL_OLD was asked for and the endpoint returned it. One attempt a call.
 */
import type { CallOptions } from './call-options.ts'

export interface AttributeValue {
  readonly S?: string | undefined
  readonly N?: string | undefined
  readonly B?: Uint8Array | undefined
  readonly BOOL?: boolean | undefined
  readonly NULL?: boolean | undefined
  readonly SS?: readonly string[] | undefined
  readonly NS?: readonly string[] | undefined
  readonly BS?: readonly Uint8Array[] | undefined
  readonly L?: readonly AttributeValue[] | undefined
  readonly M?: Readonly<Record<string, AttributeValue>> | undefined
}
export type Item = Readonly<Record<string, AttributeValue>>

export interface ExpressionInput {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined
  readonly ExpressionAttributeValues?: Item | undefined
}
export interface ConditionInput extends ExpressionInput {
  readonly ConditionExpression?: string | undefined
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE' | undefined
}
export interface GetItemInput {
  readonly TableName: string
  readonly Key: Item
  readonly ConsistentRead?: boolean | undefined
}
export interface GetItemOutput {
  readonly Item?: Item | undefined
}
export interface PutItemInput extends ConditionInput {
  readonly TableName: string
  readonly Item: Item
}
export interface UpdateItemInput extends ConditionInput {
  readonly TableName: string
  readonly Key: Item
  readonly UpdateExpression: string
  readonly ReturnValues?: 'NONE' | 'ALL_NEW' | undefined
}
export interface UpdateItemOutput {
  readonly Attributes?: Item | undefined
}
export interface DeleteItemInput extends ConditionInput {
  readonly TableName: string
  readonly Key: Item
}
export interface QueryInput extends ExpressionInput {
  readonly TableName: string
  readonly IndexName?: string | undefined
  readonly KeyConditionExpression: string
  readonly ExclusiveStartKey?: Item | undefined
  readonly Limit?: number | undefined
  readonly ConsistentRead?: boolean | undefined
}
export interface ScanInput extends ExpressionInput {
  readonly TableName: string
  readonly FilterExpression?: string | undefined
  readonly ExclusiveStartKey?: Item | undefined
  readonly Limit?: number | undefined
  readonly ConsistentRead?: boolean | undefined
  readonly Segment?: number | undefined
  readonly TotalSegments?: number | undefined
}
export interface ItemsPage {
  readonly Items: readonly Item[]
  readonly LastEvaluatedKey?: Item | undefined
}
export interface KeySchemaElement {
  readonly AttributeName: string
  readonly KeyType: 'HASH' | 'RANGE'
}
export interface GlobalSecondaryIndexInput {
  readonly IndexName: string
  readonly KeySchema: readonly KeySchemaElement[]
  readonly Projection: { readonly ProjectionType: 'KEYS_ONLY' | 'ALL' }
  readonly ProvisionedThroughput?: ProvisionedThroughputInput | undefined
}
export interface ProvisionedThroughputInput {
  readonly ReadCapacityUnits: number
  readonly WriteCapacityUnits: number
}
export interface AttributeDefinition {
  readonly AttributeName: string
  readonly AttributeType: 'S' | 'N' | 'B'
}
export interface CreateTableInput {
  readonly TableName: string
  readonly AttributeDefinitions: readonly AttributeDefinition[]
  readonly KeySchema: readonly KeySchemaElement[]
  readonly BillingMode?: 'PAY_PER_REQUEST' | 'PROVISIONED' | undefined
  readonly ProvisionedThroughput?: ProvisionedThroughputInput | undefined
  readonly GlobalSecondaryIndexes?: readonly GlobalSecondaryIndexInput[] | undefined
  readonly DeletionProtectionEnabled?: boolean | undefined
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[] | undefined
}
export interface UpdateTableInput {
  readonly TableName: string
  readonly AttributeDefinitions: readonly AttributeDefinition[]
  readonly GlobalSecondaryIndexUpdates: readonly {
    readonly Create: GlobalSecondaryIndexInput
  }[]
}
export type TableStatus = 'CREATING' | 'UPDATING' | 'DELETING' | 'ACTIVE'
export interface TableDescription {
  readonly TableName: string
  readonly TableStatus: TableStatus
  readonly KeySchema: readonly KeySchemaElement[]
  readonly BillingMode?: 'PAY_PER_REQUEST' | 'PROVISIONED' | undefined
  readonly ProvisionedThroughput?: ProvisionedThroughputInput | undefined
  readonly DeletionProtectionEnabled?: boolean | undefined
  readonly GlobalSecondaryIndexes?:
    | readonly {
        readonly IndexName: string
        readonly IndexStatus: TableStatus
      }[]
    | undefined
}
export interface TableOutput {
  readonly Table: TableDescription
}
export interface UpdateContinuousBackupsInput {
  readonly TableName: string
  readonly PointInTimeRecoverySpecification: { readonly PointInTimeRecoveryEnabled: boolean }
}

export interface DynamoPort {
  getItem(input: GetItemInput, options?: CallOptions): Promise<GetItemOutput>
  putItem(input: PutItemInput, options?: CallOptions): Promise<void>
  updateItem(input: UpdateItemInput, options?: CallOptions): Promise<UpdateItemOutput>
  deleteItem(input: DeleteItemInput, options?: CallOptions): Promise<void>
  query(input: QueryInput, options?: CallOptions): Promise<ItemsPage>
  scan(input: ScanInput, options?: CallOptions): Promise<ItemsPage>
  createTable(input: CreateTableInput, options?: CallOptions): Promise<TableOutput>
  updateTable(input: UpdateTableInput, options?: CallOptions): Promise<TableOutput>
  describeTable(input: { readonly TableName: string }, options?: CallOptions): Promise<TableOutput>
  /** Only for point-in-time recovery: a port without it serves all that does not ask for that. */
  updateContinuousBackups?(
    input: UpdateContinuousBackupsInput,
    options?: CallOptions,
  ): Promise<void>
}
