/** The part of DynamoDB's expression language that lease tables need, as data. */
import type { AttributeValue } from '@millrace/core/internal'

/** A top-level attribute, its placeholder resolved. */
export interface PathOperand {
  readonly type: 'path'
  readonly name: string
}
export interface ValueOperand {
  readonly type: 'value'
  readonly value: AttributeValue
}
export type Operand = PathOperand | ValueOperand

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>='
export type Condition =
  | { readonly type: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly type: 'not'; readonly of: Condition }
  | {
      readonly type: 'compare'
      readonly comparator: Comparator
      readonly left: Operand
      readonly right: Operand
    }
  | { readonly type: 'exists'; readonly name: string; readonly expected: boolean }
  | { readonly type: 'begins_with' | 'contains'; readonly name: string; readonly value: Operand }
  | {
      readonly type: 'between'
      readonly of: Operand
      readonly low: Operand
      readonly high: Operand
    }
  | { readonly type: 'in'; readonly of: Operand; readonly list: readonly Operand[] }

export type SetValue =
  | Operand
  | { readonly type: 'add' | 'subtract'; readonly left: SetTerm; readonly right: SetTerm }
  | IfNotExists
export type SetTerm = Operand | IfNotExists
export interface IfNotExists {
  readonly type: 'if_not_exists'
  readonly name: string
  readonly otherwise: Operand
}

export interface Update {
  readonly set: readonly { readonly name: string; readonly value: SetValue }[]
  readonly remove: readonly string[]
  readonly add: readonly { readonly name: string; readonly value: AttributeValue }[]
  readonly delete: readonly { readonly name: string; readonly value: AttributeValue }[]
}
