/** Situations that a long run must have reached, else it has proved less than it seems. */

/** Marker -> what it says. A run of `MARKED_SEEDS` seeds that misses one fails. */
export const REQUIRED_MARKERS: Readonly<Record<string, string>> = {
  'aimed-at-leader': 'a disturbance hit the worker that led',
  'checkpoint-refused-after-loss': 'a checkpoint came after its lease had gone to another worker',
  'child-waited-for-two-parents': 'a merged shard stood ready while one of its parents was read',
  'expired-lease-given': 'the leader gave an expired lease away',
  'handoff-completed': 'an old holder handed a lease over as it was asked to',
  'handoff-forced': 'a handoff was ended by somebody else than the old holder',
  'handoff-timed-out': 'an old holder handed over although its handler had not stopped in time',
  'hole-healed': 'a hole in the hash key ranges was closed',
  'leader-took-stale-lock': 'a leader took over from one that had gone silent',
  'lease-cleaned-up': 'the lease of a finished shard was deleted',
  'lost-reply-recovered': 'a write whose reply was lost was recognised as own',
  'self-service-take-over': 'a worker took an expired lease without a leader',
  'shard-end-re-run': 'a shard end was begun by one worker and ended by another',
  steal: 'a worker found that a lease of its had gone to another without its doing',
}

/** Chance has done its share by then. */
export const MARKED_SEEDS = 200
