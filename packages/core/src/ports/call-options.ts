/** Per-call settings that every port method takes. */
export interface CallOptions {
  /** Ends the call: it rejects with kind `aborted`. The service may still have applied it. */
  readonly signal?: AbortSignal | undefined
  /** Deadline of one attempt in milliseconds; past it the call rejects with kind `network`. */
  readonly timeoutMs?: number | undefined
}
