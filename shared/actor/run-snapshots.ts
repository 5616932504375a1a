import type { History } from '#shared/features/history'

export interface RunSnapshot {
  /** The first record that the runs have not seen. */
  readonly position: number
  /** By pattern: a copy of the runs' state; undefined: no run was open. */
  readonly handles: readonly number[] | undefined
}

/**
 * Copies of an actor's runs, so that going back does not step the whole history again. A record after which no run was open needs
 * none: a bit in it says so.
 *
 * A bound by the pattern's own window alone would be wrong: what a skip strategy discards depends on earlier matches.
 */
export class RunSnapshots {
  readonly #history: History
  /** By actor, oldest first. */
  readonly #byActor = new Map<number, (RunSnapshot & { handles: readonly number[] })[]>()

  constructor(history: History) {
    this.#history = history
  }

  /** Whether the runs after this record should be copied: every so many records while runs are open. */
  isDue(h: number, position: number): boolean {
    const newest = this.#byActor.get(h)?.at(-1)
    const from = Math.max(newest?.position ?? 0, position + 1 - recordsPerSnapshot)
    if (newest !== undefined && newest.position > position + 1 - recordsPerSnapshot) return false
    for (let p = position - 1; p >= from && p >= this.#history.start(h); p--)
      if (this.#history.isQuiet(h, p)) return false
    return position + 1 - this.#history.start(h) >= recordsPerSnapshot
  }

  add(h: number, snapshot: RunSnapshot & { handles: readonly number[] }): void {
    const snapshots = this.#byActor.get(h)
    if (snapshots === undefined) this.#byActor.set(h, [snapshot])
    else snapshots.push(snapshot)
  }

  /** Oldest first. */
  of(h: number): readonly (RunSnapshot & { handles: readonly number[] })[] {
    return this.#byActor.get(h) ?? []
  }

  /** Puts in the place of each handle what `moved` gives for it. */
  move(h: number, moved: (handle: number, pattern: number) => number): void {
    for (const snapshot of this.#byActor.get(h) ?? []) snapshot.handles = snapshot.handles.map(moved)
  }

  /** An actor leaves memory. */
  forget(h: number, release: (handles: readonly number[]) => void): void {
    for (const { handles } of this.of(h)) release(handles)
    this.#byActor.delete(h)
  }

  /** Forgets what is newer than `position` and gives the state to start from. Its handles stay this object's. */
  goBack(h: number, position: number, release: (handles: readonly number[]) => void): RunSnapshot {
    const snapshots = this.#byActor.get(h) ?? []
    while (snapshots.length > 0 && snapshots[snapshots.length - 1].position > position) {
      const dropped = snapshots.pop()
      if (dropped !== undefined) release(dropped.handles)
    }
    return this.#stateBefore(h, position)
  }

  /** First position that must stay so that any state from `lateFrom` on can be reached; older snapshots are dropped. */
  keepFrom(
    h: number,
    lateFrom: number,
    oldest: (handles: readonly number[]) => number,
    release: (handles: readonly number[]) => void,
  ): number {
    const needed = this.dropBefore(h, lateFrom, release)
    return Math.min(needed.position, ...this.of(h).map(({ handles }) => oldest(handles)))
  }

  /** Drops the snapshots without which any state from `lateFrom` on can be reached. @returns the state to start from for the first of them */
  dropBefore(h: number, lateFrom: number, release: (handles: readonly number[]) => void): RunSnapshot {
    const needed = this.#stateBefore(h, lateFrom)
    const snapshots = this.#byActor.get(h) ?? []
    const from = snapshots.findIndex(({ position }) => position >= needed.position)
    for (const { handles } of snapshots.splice(0, from < 0 ? snapshots.length : from)) release(handles)
    if (snapshots.length === 0) this.#byActor.delete(h)
    return needed
  }

  /** The latest known state of the runs that has not seen the record at `position`. */
  #stateBefore(h: number, position: number): RunSnapshot {
    const start = this.#history.start(h)
    const snapshots = this.#byActor.get(h) ?? []
    let i = snapshots.length - 1
    while (i >= 0 && snapshots[i].position > position) i--
    const snapshot = i >= 0 ? snapshots[i] : undefined
    const stop = Math.max(start, snapshot?.position ?? start)
    for (let p = position - 1; p >= stop; p--)
      if (this.#history.isQuiet(h, p)) return { position: p + 1, handles: undefined }
    return snapshot ?? { position: start, handles: undefined }
  }
}

/** A rewind steps at most so many records again before its place; each copy costs what the open runs take. */
const recordsPerSnapshot = 32
