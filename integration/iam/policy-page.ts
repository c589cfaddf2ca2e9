/** IAM policies as a page of the documentation has them: one block of JSON under each heading. */

export interface Policy {
  readonly Version: string
  readonly Statement: readonly {
    readonly Effect: string
    readonly Action: readonly string[]
    readonly Resource: readonly string[]
  }[]
}

const ARN = /^arn:aws:(kinesis|dynamodb):[a-z0-9-]+:\d{12}:(.+)$/

/** @throws Error when there is no such heading, or no JSON below it */
export function policyBelow(page: string, heading: string): Policy {
  const [, text = ''] = page.split(`\n### ${heading}\n`)
  const [, json] = /^```json\n(.*?)^```$/ms.exec(text.split('\n## ')[0] ?? '') ?? []
  if (json === undefined) throw new Error(`No policy below "${heading}"`)
  return JSON.parse(json) as Policy
}

/** Each action on each of its resources: `kinesis:PutRecords stream/orders`, sorted. */
export function allowedBy({ Statement }: Policy): readonly string[] {
  return Statement.flatMap(({ Action, Resource }) =>
    Action.flatMap((action) =>
      Resource.map((arn) => {
        const [, service, resource] = ARN.exec(arn) ?? []
        if (service !== action.split(':')[0]) throw new Error(`${action} on ${arn}`)
        return `${action} ${resource}`
      }),
    ),
  ).sort()
}
