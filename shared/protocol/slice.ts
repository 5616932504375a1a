import type { ActorName } from '#shared/actor/actor-state'
import { limits } from '#shared/domain/limits'
import type { Generation } from './generation.ts'
import { type LogBlock, recordKinds } from './log-record.ts'
import { expectInput, type Steps } from './owner-steps.ts'
import { loading } from './recovery.ts'

/** Brings actors back that the rows in the batch need, or time up to `now`. */
export function* bring(generation: Generation, now: number): Steps<void> {
  const load = function* (names: readonly ActorName[]): Steps<void> {
    for (let from = 0; from < names.length; from += limits.actorsMovedAtOnceMax) {
      const part = names.slice(from, from + limits.actorsMovedAtOnceMax)
      const { actors } = expectInput('loaded', yield { kind: 'load', generation: generation.number, names: part })
      loading(() => generation.load(actors))
    }
  }
  yield* load(generation.missing())
  for (let due = generation.due(now); due.length > 0; due = generation.due(now)) yield* load(due)
}

/** Decodes records [from, to) into the generation's batch. @returns by record: its row there; −1 where it is no event, or not wanted */
export function decodeRows(
  generation: Generation,
  block: LogBlock,
  from: number,
  to: number,
  isWanted: (index: number) => boolean = () => true,
): readonly number[] {
  const { batch } = generation
  batch.clear()
  const rows: number[] = []
  for (let i = from; i < to; i++) {
    if (!isWanted(i - from)) {
      rows.push(-1)
      continue
    }
    const problem = generation.decode(
      block.bytes,
      block.starts[i],
      block.ends[i],
      block.offsets[i],
      block.receivedAt[i],
    )
    rows.push(problem === undefined ? batch.length - 1 : -1)
  }
  return rows
}

/** How far the rows in the batch will move time. */
export function latestAt({ batch, engine }: Generation): number {
  let latest = engine.now
  for (let row = 0; row < batch.length; row++) latest = Math.max(latest, batch.at[row])
  return latest
}

/** End of the events that start here, as many as are applied in one go; `from` where none does. */
export function endOfEvents(block: LogBlock, from: number): number {
  let end = from
  while (end < block.length && end - from < eventsPerSlice && isEvent(block, end)) end++
  return end
}

function isEvent({ kinds }: LogBlock, i: number): boolean {
  const kind = recordKinds[kinds[i]]
  return kind === 'event' || kind === 'decide' || kind === 'ask'
}

/** Events between two steps; also what is read ahead together. */
const eventsPerSlice = 256
