import type { Automaton } from '#shared/cep/automaton'
import type { Matcher } from '#shared/cep/matcher'
import { BadRunBytes } from '#shared/cep/run-codec'
import { headerNodes, headerWords, nodePosition, nodesMask, nodeWords } from '#shared/cep/run-layout'
import type { History } from '#shared/features/history'
import type { RunSnapshotState, RunsState } from './actor-state.ts'
import { BadStateError } from './bad-state.ts'
import type { RunSnapshots } from './run-snapshots.ts'
import type { Timers } from './timers.ts'

interface RunStatesOptions {
  readonly history: History
  readonly snapshots: RunSnapshots
  readonly timers: Timers
  readonly movedTo: Map<number, number>
  readonly patterns: readonly {
    readonly matcher: Matcher
    readonly automaton: Automaton
    readonly endsInAbsence: boolean
  }[]
}

/**
 * The open runs of one actor as data, and back. Saved are the copies of runs too: what had been dropped of the history when they were
 * taken cannot be stepped again. A timer is not: it follows from the open runs.
 */
export class RunStates {
  readonly #options: RunStatesOptions
  readonly #closed: readonly Uint8Array[]

  constructor(options: RunStatesOptions) {
    this.#options = options
    this.#closed = options.patterns.map(() => noBytes)
  }

  /** What the numbers in saved runs mean: it must be the same when they are loaded. */
  get automata(): readonly Automaton[] {
    return this.#options.patterns.map(({ automaton }) => automaton)
  }

  /** @param after snapshots up to this position are left out: they were saved before */
  save(slot: number, h: number, after: number): RunsState {
    const { history, patterns, snapshots, movedTo } = this.#options
    const saved: RunSnapshotState[] = []
    for (const { position, handles } of snapshots.of(h))
      if (position > after) saved.push({ position, runs: this.#encode(handles) })
    const open = this.#encode(patterns.map((_, i) => history.runs(h, i)))
    return { open, snapshots: saved, movedTo: movedTo.get(slot) }
  }

  /** Position of the oldest snapshot; Infinity where there is none. */
  firstSnapshot(h: number): number {
    return this.#options.snapshots.of(h)[0]?.position ?? Number.POSITIVE_INFINITY
  }

  /** When time alone will change something; Infinity: never. */
  deadline(slot: number): number {
    return this.#options.timers.of(slot)
  }

  /** Into an actor without runs, whose history is loaded. Throws BadStateError, ArenaFullError; the caller then releases the actor. */
  load(slot: number, h: number, state: RunsState): void {
    const { history, patterns, timers, movedTo } = this.#options
    const head = history.head(h)
    let deadline = Number.POSITIVE_INFINITY
    for (const [i, { matcher, endsInAbsence }] of patterns.entries()) {
      const handle = this.#decode(i, state.open, head)
      history.setRuns(h, i, handle)
      if (endsInAbsence && handle !== 0) deadline = Math.min(deadline, matcher.earliestDeadline(handle))
    }
    let newest = 0
    for (const snapshot of state.snapshots) {
      if (!(snapshot.position > newest && snapshot.position <= head))
        throw new BadStateError('content', `a copy of runs before position ${snapshot.position}`)
      newest = snapshot.position
      this.#loadSnapshot(h, snapshot)
    }
    if (state.movedTo !== undefined) movedTo.set(slot, state.movedTo)
    timers.set(slot, deadline)
  }

  /** Moves the open runs and their copies, as in `Arena.moved`. */
  move(h: number): void {
    const { history, patterns, snapshots } = this.#options
    for (const [i, { matcher }] of patterns.entries()) history.setRuns(h, i, matcher.moved(history.runs(h, i)))
    snapshots.move(h, (handle, pattern) => patterns[pattern].matcher.moved(handle))
  }

  release(slot: number, h: number): void {
    const { history, patterns, snapshots, timers, movedTo } = this.#options
    for (const [i, { matcher }] of patterns.entries()) {
      matcher.release(history.runs(h, i))
      history.setRuns(h, i, 0)
    }
    snapshots.forget(h, (handles) => this.#releaseAll(handles))
    movedTo.delete(slot)
    timers.set(slot, Number.POSITIVE_INFINITY)
  }

  #loadSnapshot(h: number, { position, runs }: RunSnapshotState): void {
    const handles: number[] = []
    try {
      for (const i of this.#options.patterns.keys()) handles.push(this.#decode(i, runs, position))
    } catch (failure) {
      this.#releaseAll(handles)
      throw failure
    }
    this.#options.snapshots.add(h, { position, handles })
  }

  #releaseAll(handles: readonly number[]): void {
    for (const [i, handle] of handles.entries()) this.#options.patterns[i].matcher.release(handle)
  }

  #encode(handles: readonly number[]): readonly Uint8Array[] {
    if (handles.every((handle) => handle === 0)) return this.#closed
    return handles.map((handle, i) => (handle === 0 ? noBytes : this.#options.patterns[i].matcher.encode(handle)))
  }

  /** @param head the runs have seen no record from here on */
  #decode(pattern: number, runs: readonly Uint8Array[], head: number): number {
    const { patterns } = this.#options
    const { matcher } = patterns[pattern]
    if (runs.length !== patterns.length)
      throw new BadStateError('content', `runs of ${runs.length} patterns where there are ${patterns.length}`)
    let handle = 0
    try {
      handle = matcher.decode(runs[pattern])
      if (handle !== 0) this.#checkPositions(handle, head)
      return handle
    } catch (failure) {
      matcher.release(handle)
      throw failure instanceof BadRunBytes ? new BadStateError('content', failure.message) : failure
    }
  }

  #checkPositions(handle: number, head: number): void {
    const { U } = this.#options.history.arena
    const nodes = U[handle + headerNodes] & nodesMask
    for (let node = 0; node < nodes; node++) {
      const position = U[handle + headerWords + node * nodeWords + nodePosition]
      if (position === 0 || position >= head) throw new BadStateError('content', `a run with an event at ${position}`)
    }
  }
}

const noBytes = new Uint8Array(0)
