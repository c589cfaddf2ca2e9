/** Names and units follow KPL and KCL, so existing dashboards keep working. @public */
export type MetricUnit = 'Count' | 'Bytes' | 'Milliseconds' | 'Percent'

/** How much is measured. @public */
export type MetricsLevel = 'none' | 'summary' | 'detailed'

/** Where measurements go. Dimensions never hold partition keys. @public */
export interface Metrics {
  put(
    name: string,
    value: number,
    unit: MetricUnit,
    dimensions?: Readonly<Record<string, string>>,
  ): void
}
