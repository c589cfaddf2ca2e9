/** What a KCL worker's log says about rows that it could not make sense of. Pure. */

/** KCL 3.5.1 names leases it cannot read and metrics rows it will not take with these words. */
const UNREADABLE = [
  /failed? to deserialize/i,
  /failed deserialization/i,
  /workerIds with invalid entries/i,
]
const LEVEL = /\b(WARN|ERROR)\b/

export interface JavaLogFindings {
  /** Lines about rows that KCL could not read. */
  readonly unreadable: readonly string[]
  /** Count of lines at WARN or ERROR. */
  readonly complaints: number
}

export function javaLogFindings(text: string): JavaLogFindings {
  const lines = text.split('\n')
  return {
    unreadable: lines.filter((line) => UNREADABLE.some((pattern) => pattern.test(line))),
    complaints: lines.filter((line) => LEVEL.test(line)).length,
  }
}
