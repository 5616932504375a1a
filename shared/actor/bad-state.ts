/**
 * Why bytes are not the state of an actor.
 * - `truncated`: they end early, or go on after their end
 * - `not-a-state`: another kind of data, or of state
 * - `checksum`: they changed since they were written
 * - `version`: written by a newer release
 * - `plan`: written under other rules or other settings that decide what a record holds
 * - `order`: appended records that do not follow what is there
 * - `content`: something in them cannot be
 */
export type BadStateReason = 'truncated' | 'not-a-state' | 'checksum' | 'version' | 'plan' | 'order' | 'content'

/** Bytes that are no state of this engine. Nothing of them was taken over. */
export class BadStateError extends Error {
  override readonly name = 'BadStateError'
  readonly reason: BadStateReason
  readonly remedy: string

  constructor(reason: BadStateReason, what: string) {
    const remedy = remedies[reason]
    super(`state: ${what}; ${remedy}`)
    this.reason = reason
    this.remedy = remedy
  }
}

const again = 'take an older checkpoint, or none, and read the log again from its position'

const remedies: Readonly<Record<BadStateReason, string>> = {
  truncated: again,
  'not-a-state': 'see what writes to this key; the checkpoint store serves this program alone',
  checksum: again,
  version: 'start the release that wrote it, or a newer one',
  plan: `start with the rule set and settings that it was written with, or ${again}`,
  order: again,
  content: again,
}
