import { Worker } from 'node:worker_threads'
import type { ActorName } from '#shared/actor/actor-state'
import { invariant } from '#shared/domain/invariant'
import type { ClaimResult, Commit, CommitResult, SavedActor, Stage } from '#shared/protocol/commit'
import {
  type CheckpointPages,
  type CheckpointStore,
  type MarkedActors,
  type Outbox,
  type SavedActors,
  type SavedPage,
  StoreUnavailable,
} from './checkpoint-store.ts'
import { defaultTuning, type Tuning } from './checkpoint-store-sqlite-database.ts'
import { packActors, packNames, unpackMarks } from './checkpoint-store-sqlite-entries.ts'
import type { Failure } from './checkpoint-store-sqlite-failure.ts'
import {
  type Answer,
  buffersOf,
  type Calls,
  type PackedChains,
  packList,
  type Response,
  unpackList,
} from './checkpoint-store-sqlite-messages.ts'

/**
 * Checkpoints in the file `checkpoints.db` of a folder, for one process at a time. SQLite works on a thread of its own; this side packs
 * and unpacks.
 *
 * Q1 Requests are done and answered in the order in which they were made.
 * Q2 If the thread dies, all that wait are rejected. The next request starts another, which reads the file anew.
 * Q3 The caller may use its buffers again as soon as a call returns its promise.
 */
export class SqliteCheckpointStore implements CheckpointStore, CheckpointPages {
  readonly #folder: string
  readonly #tuning: Tuning
  #thread: Thread | undefined
  #closing: Promise<void> | undefined

  /** Nothing is opened before the first request, which rejects with StoreUnavailable where that fails. */
  constructor(folder: string, tuning: Partial<Tuning> = {}) {
    this.#folder = folder
    this.#tuning = { ...defaultTuning, ...tuning }
  }

  async claim(partition: number, epoch: number): Promise<ClaimResult> {
    return await this.#ask('claim', { partition, epoch })
  }

  async stage(stage: Stage): Promise<'staged' | 'fenced'> {
    const { partition, epoch, id, part } = stage
    return await this.#ask('stage', { partition, epoch, id, part, actors: packActors(stage.actors) })
  }

  async commit(commit: Commit): Promise<CommitResult> {
    const { manifest, outbox } = commit
    return await this.#ask('commit', {
      ...commit,
      actors: packActors(commit.actors),
      manifest: { ...manifest, owner: manifest.owner.slice() },
      outbox: {
        numbers: Float64Array.from(outbox, ({ number }) => number),
        list: packList(outbox.map(({ bytes }) => bytes)),
      },
    })
  }

  async load(partition: number, generation: number, names: readonly ActorName[]): Promise<SavedActors> {
    const ask = { partition, generation, names: packNames(names), count: names.length }
    const { lastCommit, ...chains } = await this.#ask('load', ask)
    return { actors: unpackChains(chains), lastCommit }
  }

  async marked(partition: number, generation: number): Promise<MarkedActors> {
    const { lastCommit, ...marks } = await this.#ask('marked', { partition, generation })
    return { actors: unpackMarks(marks), lastCommit }
  }

  async outbox(partition: number): Promise<Outbox> {
    const { numbers, list, lastCommit } = await this.#ask('outbox', { partition })
    return { entries: unpackList(list).map((bytes, i) => ({ number: numbers[i], bytes })), lastCommit }
  }

  async page(partition: number, generation: number, cursor: string | undefined): Promise<SavedPage> {
    const { marks, chains, next, lastCommit } = await this.#ask('page', {
      ...{ partition, generation },
      from: Number(cursor ?? 0),
    })
    const saved = unpackChains(chains)
    const actors = unpackMarks(marks).flatMap((mark, i) => {
      const actor = saved[i]
      return actor === undefined ? [] : [{ ...mark, ...actor }]
    })
    return { actors, next: next === undefined ? undefined : `${next}`, lastCommit }
  }

  /** What was asked before is done first. */
  close(): Promise<void> {
    this.#closing ??= this.#thread?.close() ?? Promise.resolve()
    return this.#closing
  }

  #ask<Kind extends keyof Calls>(kind: Kind, ask: Calls[Kind]['ask']): Promise<Calls[Kind]['answer']> {
    if (this.#closing !== undefined) throw new StoreUnavailable('closed', 'the checkpoint store was closed')
    if (this.#thread === undefined || this.#thread.isDead) this.#thread = new Thread(this.#folder, this.#tuning)
    invariant(this.#thread.pendingCount < pendingMax, `more than ${pendingMax} requests wait for the checkpoint store`)
    return this.#thread.ask(kind, ask)
  }
}

/** A caller waits for its answers; so many at once are a mistake, and would fill the memory. */
const pendingMax = 4_096

interface Pending {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** The worker and those who wait for it, in order. */
class Thread {
  isDead = false
  readonly #worker: Worker
  readonly #exited: Promise<void>
  #pending: Pending[] = []

  constructor(folder: string, tuning: Tuning) {
    const worker = new Worker(new URL('./checkpoint-store-sqlite-worker.ts', import.meta.url), {
      workerData: { folder, tuning },
      resourceLimits: { maxYoungGenerationSizeMb: 16 },
    })
    this.#worker = worker
    worker.on('message', (response: Response) => this.#settle(response))
    worker.on('error', (error) => this.#die(error))
    this.#exited = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#die(undefined)
        resolve()
      })
    })
  }

  ask<Kind extends keyof Calls>(kind: Kind, ask: Calls[Kind]['ask']): Promise<Calls[Kind]['answer']> {
    return new Promise<Calls[Kind]['answer']>((resolve, reject) => {
      const request = { kind, ask }
      this.#worker.postMessage(request, buffersOf(request))
      // Answers come in the order of requests, so each is of the kind that was asked.
      this.#pending.push({ resolve: resolve as Pending['resolve'], reject })
    })
  }

  get pendingCount(): number {
    return this.#pending.length
  }

  async close(): Promise<void> {
    if (!this.isDead) await this.ask('close', undefined)
    await this.#exited
  }

  #settle(response: Response): void {
    const first = this.#pending.shift()
    invariant(first !== undefined, 'the checkpoint store answered what nobody asked')
    if ('failure' in response) first.reject(errorOf(response.failure))
    else first.resolve(response.answer)
  }

  #die(cause: unknown): void {
    this.isDead = true
    const pending = this.#pending
    this.#pending = []
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    for (const { reject } of pending)
      reject(new StoreUnavailable('unreachable', `the thread of the checkpoint store ended${why}`, cause))
  }
}

function errorOf(failure: Failure): unknown {
  if (failure.kind === 'unavailable') return new StoreUnavailable(failure.reason, failure.detail)
  try {
    invariant(false, failure.message)
  } catch (error) {
    return error
  }
}

function unpackChains({ counts, pieces }: PackedChains): (SavedActor | undefined)[] {
  const all = unpackList(pieces)
  let at = 0
  return Array.from(counts, (count) => {
    if (count === 0) return undefined
    const base = all[at]
    const appended = all.slice(at + 1, at + count)
    at += count
    return { base, appended }
  })
}
