/** What expressions mean once they are parsed: placeholders resolved, values accepted. */
import type { dynamo } from '@millrace/core'

export type Operand =
  | { readonly kind: 'attribute'; readonly name: string }
  | { readonly kind: 'value'; readonly value: dynamo.AttributeValue }

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>='

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly inner: Condition }
  | {
      readonly kind: 'compare'
      readonly comparator: Comparator
      readonly left: Operand
      readonly right: Operand
    }
  | {
      readonly kind: 'between'
      readonly operand: Operand
      readonly low: Operand
      readonly high: Operand
    }
  | { readonly kind: 'in'; readonly operand: Operand; readonly choices: readonly Operand[] }
  | { readonly kind: 'exists'; readonly name: string; readonly wanted: boolean }
  | {
      readonly kind: 'begins-with' | 'contains'
      readonly operand: Operand
      readonly argument: Operand
    }

/** What SET may put into an attribute. */
export type NewValue =
  | Operand
  | { readonly kind: 'sum' | 'difference'; readonly left: NewValue; readonly right: NewValue }
  | { readonly kind: 'if-not-exists'; readonly name: string; readonly otherwise: NewValue }
  | { readonly kind: 'list-append'; readonly left: NewValue; readonly right: NewValue }

export type UpdateAction =
  | { readonly kind: 'set'; readonly name: string; readonly to: NewValue }
  | { readonly kind: 'remove'; readonly name: string }
  | {
      readonly kind: 'add' | 'delete'
      readonly name: string
      readonly value: dynamo.AttributeValue
    }
