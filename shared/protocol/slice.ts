import type { ActorName } from '#shared/actor/actor-state'
import { limits } from '#shared/domain/limits'
import type { Checkpointing } from './checkpointing.ts'
import type { Generation } from './generation.ts'
import type { Generations } from './generations.ts'
import { type LogBlock, recordKinds } from './log-record.ts'
import { memoryHardShare } from './owner-bounds.ts'
import { expectInput, pause, type Steps } from './owner-steps.ts'

/** Actors leave memory before a slice only: those that it needs are in memory from then on until it is applied. */
export function* makeRoom(generations: Generations, checkpointing: Checkpointing, memoryBytesMax: number): Steps<void> {
  const isTight = (): boolean => generations.stateBytes > memoryBytesMax * memoryHardShare || generations.isCramped
  while (checkpointing.isFull || (isTight() && checkpointing.isUnderWay)) yield pause
  if (!checkpointing.isUnderWay) generations.passivateAbove(memoryBytesMax)
  generations.compact()
}

/** Brings back what the rows in the batch need, and what time changes up to `now` while they are applied. */
export function* bring(generation: Generation, now: number): Steps<void> {
  yield* load(generation, generation.missing())
  for (let due = generation.due(now); due.actors.length > 0; due = generation.due(now))
    yield* load(generation, due.actors)
}

/** Brings actors back that may be outside memory. */
export function* load(generation: Generation, names: readonly ActorName[]): Steps<void> {
  for (let from = 0; from < names.length; from += limits.actorsMovedAtOnceMax) {
    const part = names.slice(from, from + limits.actorsMovedAtOnceMax)
    const { actors } = expectInput('loaded', yield { kind: 'load', generation: generation.number, names: part })
    generation.load(part, actors)
  }
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
