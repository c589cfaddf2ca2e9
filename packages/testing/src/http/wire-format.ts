/** The seam between bytes on the wire and the ports' shapes; one implementation per content type. */
export interface WireFormat {
  readonly contentType: string
  /** Bytes to a tree of objects, lists and leaves. @throws WireError */
  parse(body: Buffer): unknown
  /** A binary leaf of the tree; undefined when it is none. */
  bytes(leaf: unknown): Uint8Array | undefined
  /** A point in time; undefined when it is none. */
  timestamp(leaf: unknown): Date | undefined
  /** Port shapes to bytes: `Uint8Array` and `Date` become what the format has for them. */
  write(value: unknown): string | Buffer
}
