import { compareIds } from '#shared/domain/event-order'

/** Where a line stands among all lines of its output, whichever thread finds it. */
export interface Place {
  /** Event time, or in order of arrival the row. */
  readonly at: number
  /** Of the event, where lines of one instant go by it; else empty. */
  readonly id: string
  /** Of the rule by its name, or the row of a dead letter. */
  readonly rank: number
  readonly key: string
}

export function comparePlaces(a: Place, b: Place): number {
  return a.at !== b.at
    ? a.at - b.at
    : compareIds(a.id, b.id) || a.rank - b.rank || (a.key < b.key ? -1 : Number(a.key > b.key))
}

/** Before all lines at this time or row. */
export const placeBefore = (at: number): Place => ({ at, id: '', rank: Number.NEGATIVE_INFINITY, key: '' })

export const firstPlace = placeBefore(Number.NEGATIVE_INFINITY)
export const lastPlace = placeBefore(Number.POSITIVE_INFINITY)
