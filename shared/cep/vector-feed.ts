import type { Vector, VectorEvent } from './vector-format.ts'

/** An event, or time that passes without one. Times are the vector's. */
export interface Input {
  readonly event?: VectorEvent
  readonly at: number
}

/** The event's time. Where a vector has none, events are numbered as listed. */
export function timeOf({ events }: Vector, event: VectorEvent): number {
  return event.ts ?? events.indexOf(event) + 1
}

/**
 * What happens, in the order in which the pattern sees it: as fed, or with event time sorted up to each watermark.
 * @param rank the order of simultaneous events by the vector's own expression
 * @returns with the ids of events that came too late to be sorted in
 */
export function feedOf(
  vector: Vector,
  rank: (expression: string, event: VectorEvent) => number,
): { readonly inputs: readonly Input[]; readonly late: readonly number[] } {
  const { events, eventTime, advanceTo } = vector
  const inputs: Input[] = []
  const late: number[] = []
  const tie = eventTime?.tie ?? 'arrival'
  const rankOf = (event: VectorEvent): number => (tie === 'arrival' ? 0 : rank(tie, event))
  let waiting: { readonly event: VectorEvent; readonly at: number }[] = []
  let watermark = Number.NEGATIVE_INFINITY
  const release = (until: number): void => {
    const due = waiting.filter(({ at }) => at <= until)
    waiting = waiting.filter(({ at }) => at > until)
    inputs.push(...due.sort((a, b) => a.at - b.at || rankOf(a.event) - rankOf(b.event)))
  }
  for (const fed of vector.feed ?? events.map(({ id }): Fed => ({ event: id }))) {
    const event = events.find(({ id }) => id === fed.event)
    if (event === undefined) {
      const { watermark: reached = watermark } = fed
      watermark = Math.max(watermark, reached === 'max' ? Number.MAX_VALUE : reached)
      release(watermark)
      inputs.push({ at: watermark })
    } else if (eventTime === undefined) inputs.push({ event, at: timeOf(vector, event) })
    else if (timeOf(vector, event) <= watermark) late.push(event.id)
    else waiting.push({ event, at: timeOf(vector, event) })
  }
  if (vector.feed === undefined) release(Number.MAX_VALUE)
  if (advanceTo !== undefined) inputs.push({ at: advanceTo })
  return { inputs, late }
}

type Fed = NonNullable<Vector['feed']>[number]
