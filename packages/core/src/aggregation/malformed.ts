/** Why a record that starts as an aggregate is delivered as it came, as one raw record. */

/**
 * - `checksum`: the MD5 differs. To KCL, and to us, that is a plain record whose data happens to
 *   start with the magic bytes; it is named so that it can be counted.
 * - `truncated`: a length points beyond its message.
 * - `varint`: a number of more than 64 bits.
 * - `group`: a protobuf group, which no writer of aggregates has ever used.
 * - `wire-type`: a known field in an unknown dress, or a wire type that does not exist.
 * - `field`: a required field is missing, or a field has number 0.
 * - `key-index`: an index beyond its key table.
 * - `utf8`: a key that is no UTF-8, so no string can carry it unchanged.
 * - `hash-key`: an explicit hash key that is no number of 0 to 2^128 - 1.
 * - `over-budget`: more user records or keys than the budget of `DeaggregateOptions` allows.
 * - `empty`: no user record inside.
 *
 * @public
 */
export type MalformedReason =
  | 'checksum'
  | 'truncated'
  | 'varint'
  | 'group'
  | 'wire-type'
  | 'field'
  | 'key-index'
  | 'utf8'
  | 'hash-key'
  | 'over-budget'
  | 'empty'
