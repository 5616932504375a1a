import { limits } from '#shared/domain/limits'
import type { History } from '#shared/features/history'
import { idWord } from '#shared/features/layout'
import { noCursor, noFilter, type Plan } from '#shared/features/plan'

/**
 * Ids of the records that a condition looked at when it held at a place: those in the windows of its features, in order, the one at the place
 * last; the newest `limits.citedEventsMax` of them. A window without a start cites nothing: of its records memory has only the newest.
 * @param features of the rule, as indices into `plan.features`
 */
export function citedRecords(
  history: History,
  plan: Plan,
  features: readonly number[],
  h: number,
  place: number,
): readonly string[] {
  const windows = features.flatMap((feature) => windowAt(history, plan, feature, h, place) ?? [])
  const oldest = Math.min(place, ...windows.map(({ from }) => from))
  const cited = [place]
  for (let position = place - 1; position >= oldest && cited.length < limits.citedEventsMax; position--) {
    const isIn = ({ filter, from, to }: CitedWindow): boolean =>
      position >= from && position < to && history.passes(h, position, filter)
    if (windows.some(isIn)) cited.push(position)
  }
  return cited.reverse().map((position) => history.idText(history.arena.F[history.record(h, position) + idWord]))
}

/** Positions from `from` to before `to`. */
interface CitedWindow {
  readonly filter: number
  readonly from: number
  readonly to: number
}

function windowAt(history: History, plan: Plan, feature: number, h: number, place: number): CitedWindow | undefined {
  const { window, count, source, kind } = plan.features[feature]
  const from = startOf(history, plan, window.low, h, place)
  if (from === undefined) return undefined
  const to = window.high === noCursor ? place : (startOf(history, plan, window.high, h, place) ?? place)
  const counted = kind === 'extreme' ? plan.extremes[source] : plan.accumulators[source < 0 ? count : source]
  return { filter: counted?.filter ?? noFilter, from, to }
}

/** Where a cursor stood when the newest record was the one at the place; undefined: it has no end, or moves with what is gone. */
function startOf(history: History, plan: Plan, cursor: number, h: number, place: number): number | undefined {
  if (cursor === noCursor) return undefined
  const known = plan.cursors[cursor]
  if (known.kind === 'time') return history.firstAfter(h, history.at(h, place) - known.backMs)
  if (known.kind === 'both') return startOf(history, plan, known.time, h, place)
  let left = Math.min(known.events, limits.citedEventsMax)
  let position = place
  for (; position >= history.start(h); position--) if (history.passes(h, position, known.filter) && --left === 0) break
  return Math.max(position, history.start(h))
}
