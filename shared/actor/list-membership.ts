import type { NamedList } from '#shared/rule-language/rule-set'

/** For each named list: whether it holds a value at the time of the event being judged. An entry counts until its expiry, exclusive. */
export function listMembership(
  lists: readonly NamedList[],
  at: () => number,
): (list: number) => (value: string | number) => boolean {
  const expiries = lists.map(
    ({ entries }) => new Map(entries.map(({ value, untilMs }) => [value, untilMs ?? Number.POSITIVE_INFINITY])),
  )
  return (list) => (value) => {
    const until = expiries[list].get(value)
    return until !== undefined && at() < until
  }
}
