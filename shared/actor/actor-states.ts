import { invariant } from '#shared/domain/invariant'
import { limits } from '#shared/domain/limits'
import type { Extremes } from '#shared/features/extremes'
import type { History } from '#shared/features/history'
import { atWord, bitsHalf, digestHalf, headHalf, idWord } from '#shared/features/layout'
import type { Links } from '#shared/features/links'
import type { PopulationPlan } from '#shared/features/plan-population'
import type { Windows } from '#shared/features/windows'
import { arenaWords } from '#shared/memory/arena'
import type { SlotList } from '#shared/memory/slot-list'
import type { ActorName, AppendedHistory, HistoryState } from './actor-state.ts'
import { BadStateError } from './bad-state.ts'
import { ChangedSlots } from './changed-slots.ts'
import type { BlockOwner } from './compaction.ts'
import { ActorRef } from './hit.ts'
import type { KeyTable } from './key-table.ts'
import type { RecentIds } from './recent-ids.ts'
import { type ColumnForm, RecordRows, type RecordShape } from './record-rows.ts'
import type { RunStates } from './run-states.ts'

interface ActorStatesOptions {
  readonly population: number
  readonly plan: PopulationPlan
  readonly history: History
  readonly links: Links
  readonly windows: Windows
  readonly extremes: Extremes
  readonly recentIds: RecentIds
  readonly runs: RunStates
  readonly keys: KeyTable
  /** By slot. */
  readonly refs: SlotList<ActorRef>
  /** Gives a new key a slot with room for its header. */
  readonly claim: (key: string) => number
  readonly headerOf: (slot: number) => number
}

/**
 * The histories of one population as data, and back; and which of them changed since they were saved.
 *
 * S1 What is derived from records (cursors, accumulators, queues, links, indexes, timers) is not saved: records are applied again
 *    without being judged.
 * S2 Records below the saved head are as they were saved. A rewind below it forgets the saved head, so that a base follows.
 */
export class ActorStates implements BlockOwner {
  readonly shape: RecordShape
  readonly #options: ActorStatesOptions
  /** Words of the header that hold departed times. */
  readonly #departedWords: readonly number[]
  /** Used again for every actor that is saved. */
  readonly #rows: RecordRows
  readonly #changes = new ChangedSlots()
  /** The key last looked for, and its slot: saving an actor asks several times. */
  #lastKey = ''
  #lastSlot = -1
  /** Actors that others know of while their histories are not in memory. */
  readonly #absent = new Map<string, ActorRef>()

  constructor(options: ActorStatesOptions) {
    this.#options = options
    const { plan, history } = options
    this.shape = { columns: plan.columns.map((_, i) => formOf(plan, i)), bitWords: history.layout.bitWords }
    this.#departedWords = history.layout.departedWord.filter((word) => word >= 0)
    this.#rows = new RecordRows(this.shape)
  }

  /** From now on it is known which actors changed. Before the first event only. */
  track(): void {
    invariant(this.#options.keys.size === 0, 'changes are tracked from the first event on')
    this.#changes.track()
  }

  /** The actor is about to change. */
  touch(slot: number): void {
    this.#changes.touch(slot)
  }

  /** Records from this position on are judged again. */
  rewound(slot: number, position: number): void {
    this.#changes.rewound(slot, position)
  }

  /** Actors that changed since they were saved, in the order in which they first did. */
  touched(): readonly ActorName[] {
    const { refs, keys, population } = this.#options
    return this.#changes.slots().map((slot) => refs.get(slot) ?? { population, key: keys.key(slot) })
  }

  /** What the numbers in saved runs mean. */
  get automata(): RunStates['automata'] {
    return this.#options.runs.automata
  }

  isResident(key: string): boolean {
    return this.#slotOf(key) >= 0
  }

  isTouched(key: string): boolean {
    const slot = this.#slotOf(key)
    return slot >= 0 && this.#changes.has(slot)
  }

  /** Whether what is new can be appended to what was saved. */
  canAppend(key: string): boolean {
    const slot = this.#slotOf(key)
    return slot >= 0 && this.#changes.savedHead(slot) > 0 && this.#changes.appends(slot) < limits.appendedStatesMax
  }

  /** The whole history. The rows are valid until the next call of this or `saveAppended`. */
  save(key: string): HistoryState {
    const slot = this.#slotOf(key)
    const h = this.#options.headerOf(slot)
    const state = this.#state(slot, h, this.#options.history.start(h), 0)
    this.#changes.saved(slot, state.head, false)
    return state
  }

  /** What is new since the last save. Only where `canAppend`. */
  saveAppended(key: string): AppendedHistory {
    const slot = this.#slotOf(key)
    const h = this.#options.headerOf(slot)
    const savedHead = this.#changes.savedHead(slot)
    const { history, runs } = this.#options
    // Records that came and went since then are not told: their place is empty.
    const from = Math.max(savedHead, history.start(h))
    const { start, head, rows, departed, runs: saved } = this.#state(slot, h, from, savedHead)
    this.#changes.saved(slot, head, true)
    return { start, head, rows, departed, runs: saved, snapshotsFrom: runs.firstSnapshot(h) }
  }

  /** Throws BadStateError, ArenaFullError; the actor is then not in memory. */
  load(key: string, state: HistoryState): void {
    check(state, this.shape, this.#departedWords.length)
    const { history, windows, runs, claim, headerOf } = this.#options
    const { arena } = history
    const slot = claim(key)
    const h = headerOf(slot)
    const size = state.head - state.start
    history.open(h, state.start, Math.max(size, 1))
    windows.open(h, state.start)
    try {
      for (let row = state.rows.length - size; row < state.rows.length; row++) this.#append(h, state.rows, row)
      for (const [i, word] of this.#departedWords.entries()) arena.F[h + word] = state.departed[i]
      runs.load(slot, h, state.runs)
    } catch (failure) {
      this.#release(slot, h)
      throw failure
    }
    this.#changes.saved(slot, state.head, false)
  }

  /** Up to so many actors that changed nothing since they were saved and were not touched for longest, about. */
  cold(count: number): readonly ActorName[] {
    const { refs, keys, population } = this.#options
    const slots = this.#changes.cold(count, keys.slots, (slot) => keys.isUsed(slot))
    return slots.map((slot) => refs.get(slot) ?? { population, key: keys.key(slot) })
  }

  /** When time alone will change the actor; Infinity: never. */
  deadline(key: string): number {
    return this.#options.runs.deadline(this.#slotOf(key))
  }

  /** The actor's history leaves memory. @param isKnown others still refer to the actor */
  passivate(key: string, isKnown: boolean): void {
    const { headerOf } = this.#options
    const slot = this.#slotOf(key)
    if (isKnown) this.#absent.set(key, this.refOf(slot))
    this.#release(slot, headerOf(slot))
  }

  /** All slots are below this number. */
  get slots(): number {
    return this.#options.keys.slots
  }

  /** Words of the ring of the longest history. */
  get largestBlock(): number {
    return arenaWords(limits.recordsPerActorMax * this.#options.history.layout.recordWords * 2)
  }

  /** Moves all that the actor of a slot has in the arena, as in `Arena.moved`; a slot without actor has nothing. */
  move(slot: number): void {
    const { history, extremes, runs, keys, headerOf } = this.#options
    if (!keys.isUsed(slot)) return
    const h = headerOf(slot)
    history.move(h)
    extremes.move(h)
    runs.move(h)
  }

  /** The actor of a slot, always the same object while it is in memory or known to others. */
  refOf(slot: number): ActorRef {
    const { refs, keys } = this.#options
    let ref = refs.get(slot)
    if (ref !== undefined) return ref
    const key = keys.key(slot)
    ref = this.#absent.get(key) ?? new ActorRef(this.#options.population, key)
    this.#absent.delete(key)
    refs.set(slot, ref)
    return ref
  }

  /** The actor of a key, where anybody refers to it. */
  knownRef(key: string): ActorRef | undefined {
    const slot = this.#slotOf(key)
    return (slot >= 0 ? this.#options.refs.get(slot) : undefined) ?? this.#absent.get(key)
  }

  /** The actor of a key, in memory or not. */
  ref(key: string): ActorRef {
    const slot = this.#slotOf(key)
    if (slot >= 0) return this.refOf(slot)
    let ref = this.#absent.get(key)
    if (ref === undefined) {
      ref = new ActorRef(this.#options.population, key)
      this.#absent.set(key, ref)
    }
    return ref
  }

  /** Nobody refers to the actor any more. */
  forget(key: string): void {
    this.#absent.delete(key)
  }

  #state(slot: number, h: number, from: number, snapshotsAfter: number): HistoryState {
    const { history, runs } = this.#options
    const head = history.head(h)
    this.#rows.clear()
    for (let position = from; position < head; position++) this.#take(h, position)
    return {
      start: history.start(h),
      head,
      rows: this.#rows,
      departed: this.#departedWords.map((word) => history.arena.F[h + word]),
      runs: runs.save(slot, h, snapshotsAfter),
    }
  }

  /** Copies a record to the rows. */
  #take(h: number, position: number): void {
    const { history } = this.#options
    const { arena, layout } = history
    const { F, U } = arena
    const { columns, bitWords } = this.shape
    const rows = this.#rows
    const record = history.record(h, position)
    const row = rows.append()
    rows.at[row] = F[record + atWord]
    const id = F[record + idWord]
    const handle = history.idHandle(id)
    if (handle > 0) rows.ids[row] = -1 - rows.texts.addFrom(arena, handle)
    else rows.setId(row, history.idText(id))
    rows.digests[row] = U[record * 2 + digestHalf]
    for (let w = 0; w < bitWords; w++) rows.bits[row * bitWords + w] = U[record * 2 + bitsHalf + w]
    const base = row * columns.length
    for (let c = 0; c < columns.length; c++) {
      const value = F[record + layout.columnsWord + c]
      if (columns[c] !== 'text') rows.values[base + c] = value
      else rows.values[base + c] = value > 0 ? rows.texts.addFrom(arena, value) + 1 : 0
    }
  }

  /** Puts a row at the head of the history; windows follow, nothing is judged. */
  #append(h: number, rows: RecordRows, row: number): void {
    const { history, links, windows } = this.#options
    const { arena, layout } = history
    const { columns, bitWords } = this.shape
    const { F, U } = arena
    const at = rows.at[row]
    windows.advance(h, at)
    const position = history.head(h)
    const record = history.record(h, position)
    F.fill(0, record, record + layout.recordWords)
    U[h * 2 + headHalf] = position + 1
    F[record + atWord] = at
    F[record + idWord] = history.storeId(rows.id(row))
    U[record * 2 + digestHalf] = rows.digests[row]
    for (let w = 0; w < bitWords; w++) U[record * 2 + bitsHalf + w] = rows.bits[row * bitWords + w]
    const base = row * columns.length
    for (let c = 0; c < columns.length; c++) {
      const value = rows.values[base + c]
      F[record + layout.columnsWord + c] =
        columns[c] === 'text' && value > 0 ? rows.texts.store(arena, value - 1) : value
    }
    links.link(h)
    windows.enter(h)
  }

  #release(slot: number, h: number): void {
    const { history, links, extremes, recentIds, runs, keys, refs } = this.#options
    runs.release(slot, h)
    extremes.release(h)
    links.forget(h)
    recentIds.forget(h)
    history.release(h)
    keys.remove(slot)
    refs.set(slot, undefined)
    this.#lastKey = ''
    this.#lastSlot = -1
    this.#changes.saved(slot, 0, false)
  }

  #slotOf(key: string): number {
    if (this.#lastSlot >= 0 && key === this.#lastKey) return this.#lastSlot
    this.#lastSlot = this.#options.keys.find(key)
    this.#lastKey = key
    return this.#lastSlot
  }
}

function formOf({ columns, features }: PopulationPlan, index: number): ColumnForm {
  const column = columns[index]
  if (column.kind !== 'feature') return column.kind
  return features[column.feature].isText ? 'text' : 'number'
}

function check({ start, head, rows, departed }: HistoryState, shape: RecordShape, departedTimes: number): void {
  const size = head - start
  if (!(start >= 1 && size >= 0 && size <= limits.recordsPerActorMax && size <= rows.length && head < 2 ** 32))
    throw new BadStateError('content', `${rows.length} records for positions ${start} to ${head}`)
  if (rows.shape.columns.length !== shape.columns.length || departed.length !== departedTimes)
    throw new BadStateError('content', 'records of another shape')
  let previous: number = limits.atMsMin
  for (let row = rows.length - size; row < rows.length; row++) {
    const at = rows.at[row]
    if (!(at >= previous && at <= limits.atMsMax)) throw new BadStateError('content', `a record at ${at}`)
    previous = at
  }
}
