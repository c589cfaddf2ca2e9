/** How a checker says that a rule does not hold. */
export type Report = (
  rule: string,
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void
