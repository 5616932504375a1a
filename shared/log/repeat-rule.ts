import { recordKinds } from '#shared/protocol/log-record'

/** What is known of an event beside its id. */
export interface EventMark {
  readonly partition: number
  /** Event time, ms since 1970. */
  readonly at: number
  /** 32-bit digest of the content; the sign says nothing. */
  readonly digest: number
}

/**
 * How an event stands to an earlier one with the same id: it is the same event again, it contradicts it, or it only shares the id, so
 * far away in time that neither can be mistaken for the other.
 *
 * Time and partition follow from the content. So where they differ the content does, even if the digests are equal by chance: nobody is
 * told "we have it" of something that is not in the log.
 */
export function compareEvents(
  earlier: EventMark,
  event: EventMark,
  latenessMs: number,
): 'repeat' | 'conflict' | 'other' {
  const distanceMs = Math.abs(earlier.at - event.at)
  if (distanceMs > 0 && distanceMs >= latenessMs) return 'other'
  const isSame =
    distanceMs === 0 && (earlier.digest | 0) === (event.digest | 0) && earlier.partition === event.partition
  return isSame ? 'repeat' : 'conflict'
}

/** Whether records of a kind have an id: by index into `recordKinds`. */
export const isEventKind: readonly boolean[] = recordKinds.map((kind) => kind === 'event' || kind === 'decide')
