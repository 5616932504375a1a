import { Worker } from 'node:worker_threads'
import { invariant } from '#shared/domain/invariant'
import { ByteFeed } from './byte-feed.ts'
import { sumOf } from './counts.ts'
import { errorOf, failureOf } from './failure-message.ts'
import { LineMerge } from './line-merge.ts'
import { type LinePiece, placeOf } from './line-piece.ts'
import { comparePlaces, firstPlace, type Place } from './place.ts'
import type { ReplayState } from './replay.ts'
import type { LineOutput, ReplayOptions } from './run-replay.ts'
import { haveCommon } from './sorted-numbers.ts'
import type { Summary } from './summary.ts'
import type { Found, FromThread, ThreadOrder, ToThread } from './thread-messages.ts'

export interface ThreadedOptions extends Pick<ThreadOrder, 'files' | 'format' | 'map'>, Omit<ReplayOptions, 'rows'> {
  readonly threads: number
  readonly stdin: AsyncIterable<Uint8Array> & { destroy(): unknown }
}

export type ThreadedOutcome =
  | { readonly kind: 'done'; readonly summary: Summary }
  /**
   * Events of different shares have to be judged together. Of results nothing was written; of dead letters so many lines, those with
   * which `runReplay` will begin.
   */
  | { readonly kind: 'inseparable'; readonly deadLetters: number }

/**
 * The same as `runReplay`, to the byte, by several threads that judge the events of one share of all actors each. This thread reads the
 * bytes for all of them, and puts what they find in order. For what can be split (`thread-count.ts`).
 * Rejects as `runReplay` does. No thread is left behind.
 */
export async function replayOnThreads(options: ThreadedOptions): Promise<ThreadedOutcome> {
  const crew = new Crew(options)
  try {
    return await crew.run()
  } finally {
    await crew.close()
    options.progress.clear()
  }
}

/**
 * C1 Lines are written in the order of their places (`LineMerge`).
 * C2 What a thread has sent is taken once no thread is behind it: a thread that is ahead of the others waits.
 * C3 Threads begin to judge, and to finish, together.
 */
class Crew {
  readonly #options: ThreadedOptions
  readonly #threads: Thread[]
  readonly #feed: ByteFeed
  readonly #fed: Promise<void>
  readonly #results: LineMerge
  readonly #deadLetters: LineMerge
  /** What threads say, in the order in which it came. */
  readonly #messages: Said[] = []
  #wake: (() => void) | undefined
  #isClosing = false

  constructor(options: ThreadedOptions) {
    this.#options = options
    const { threads, out, deadLetters } = options
    this.#results = new LineMerge(threads, (lines) => out.write(lines))
    this.#deadLetters = new LineMerge(threads, (lines) => deadLetters?.write(lines))
    this.#threads = Array.from({ length: threads }, (_, index) => this.#start(index))
    this.#feed = new ByteFeed(options, threads, (message) => this.#tellAll(message))
    this.#fed = this.#feed.run()
    // Its failure counts when the threads have met it: what came before it was good.
    this.#fed.catch(() => {})
  }

  async run(): Promise<ThreadedOutcome> {
    for (;;) {
      const { index, message } = await this.#next()
      const thread = this.#threads[index]
      switch (message.kind) {
        case 'found':
          await this.#take(index, message)
          break
        case 'read':
          thread.read = message
          if (this.#threads.some(({ read }) => read === undefined)) break
          if (haveCommon(this.#threads.map(({ read }) => read?.events ?? noNumbers)))
            return { kind: 'inseparable', deadLetters: this.#threads[0].read?.deadLetters ?? 0 }
          this.#tellAll({ kind: 'judge' })
          break
        case 'arrived':
          thread.hasArrived = true
          this.#passTime()
          break
        case 'done':
          thread.summary = message.summary
          if (this.#threads.every(({ summary }) => summary !== undefined))
            return { kind: 'done', summary: this.#summary() }
          break
        case 'broken':
          thread.isBroken = true
          if (this.#threads.every(({ isBroken }) => isBroken)) await this.#fed
          break
        case 'failed':
          throw errorOf(message.failure, this.#options.memoryBytesMax)
        case 'released':
          invariant(false, 'chunks are released at once')
      }
    }
  }

  /** Ends what is still under way. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#feed.stop()
    const isDone = this.#threads.every(({ summary }) => summary !== undefined)
    // Somebody may never write into the pipe again.
    if (!isDone && this.#options.files.includes('-')) this.#options.stdin.destroy()
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()))
    await this.#fed.catch(() => {})
  }

  #start(index: number): Thread {
    const { ruleSet, emit, order, latenessMs, memoryBytesMax, files, format, map, threads, deadLetters } = this.#options
    const work: ThreadOrder = {
      ...{ ruleSet, emit, order, latenessMs, files, format, map },
      memoryBytesMax: memoryBytesMax / threads,
      share: { index, count: threads },
      keepsDeadLetters: deadLetters !== undefined,
    }
    const worker = new Worker(new URL('./replay-thread.ts', import.meta.url), { workerData: work })
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'released') this.#feed.released(message.number)
      else this.#put({ index, message })
    })
    const failed = (error: unknown): void =>
      this.#put({ index, message: { kind: 'failed', failure: failureOf(error) } })
    worker.on('error', failed)
    worker.on('messageerror', failed)
    worker.on('exit', (code) => {
      const { summary, isBroken } = this.#threads[index]
      if (!this.#isClosing && summary === undefined && !isBroken && code !== 0)
        failed(new Error(`a thread of the replay ended with ${code}`))
    })
    return {
      worker,
      state: undefined,
      seenBefore: firstPlace,
      now: Number.NEGATIVE_INFINITY,
      toldTime: Number.NEGATIVE_INFINITY,
      isTelling: false,
      underWay: [],
      read: undefined,
      hasArrived: false,
      isBroken: false,
      summary: undefined,
    }
  }

  #tell({ worker }: Thread, message: ToThread): void {
    worker.postMessage(message)
  }

  #tellAll(message: ToThread): void {
    for (const thread of this.#threads) this.#tell(thread, message)
  }

  #put(said: Said): void {
    this.#messages.push(said)
    this.#wake?.()
  }

  async #next(): Promise<Said> {
    while (this.#messages.length === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    return this.#messages.shift() as Said
  }

  async #take(index: number, { results, deadLetters, state, now, weight }: Found): Promise<void> {
    const thread = this.#threads[index]
    this.#results.add(index, results, state.resultsBefore)
    this.#deadLetters.add(index, deadLetters, state.deadLettersBefore)
    thread.state = state
    thread.seenBefore = state.seenBefore
    thread.now = now
    thread.isTelling = false
    thread.underWay.push({ last: later(lastOf(results), lastOf(deadLetters)), weight })
    this.#results.flush()
    this.#deadLetters.flush()
    await drained(this.#options.deadLetters)
    await drained(this.#options.out)
    this.#acknowledge()
    this.#passTime()
    this.#showProgress()
  }

  #acknowledge(): void {
    const before = this.#threads.map(({ seenBefore }) => seenBefore).reduce((a, b) => (comparePlaces(b, a) < 0 ? b : a))
    for (const thread of this.#threads) {
      let weight = 0
      while (thread.underWay.length > 0 && comparePlaces(thread.underWay[0].last, before) < 0)
        weight += thread.underWay.shift()?.weight ?? 0
      if (weight > 0) this.#tell(thread, { kind: 'taken', weight })
    }
  }

  /** Who has arrived follows the time of the others, so that what they find can be written; once all have, they finish. */
  #passTime(): void {
    const at = Math.max(...this.#threads.map(({ now }) => now))
    if (this.#threads.every(({ hasArrived }) => hasArrived)) {
      if (this.#threads.some(({ toldTime }) => toldTime === Number.POSITIVE_INFINITY)) return
      for (const thread of this.#threads) thread.toldTime = Number.POSITIVE_INFINITY
      this.#tellAll({ kind: 'end', at })
      return
    }
    if (this.#options.order !== 'event-time') return
    for (const thread of this.#threads) {
      if (!thread.hasArrived || thread.isTelling || thread.toldTime >= at) continue
      thread.toldTime = at
      thread.isTelling = true
      this.#tell(thread, { kind: 'time', at })
    }
  }

  #showProgress(): void {
    const states = this.#threads.flatMap(({ state }) => (state === undefined ? [] : [state]))
    const [{ doing }] = states
    const sum = (count: (state: ReplayState) => number): number =>
      states.reduce((total, state) => total + count(state), 0)
    const total = doing === 'judging' ? sum((state) => state.total ?? 0) : undefined
    const done = doing === 'judging' ? sum((state) => state.done) : Math.min(...states.map((state) => state.done))
    this.#options.progress.show(doing, done, total)
  }

  #summary(): Summary {
    const parts = this.#threads.flatMap(({ summary }) => summary ?? [])
    invariant(
      parts.every(({ rows }) => rows === parts[0].rows),
      'all threads have read the same rows',
    )
    return sumOf(parts)
  }
}

interface Said {
  readonly index: number
  readonly message: FromThread
}

interface Thread {
  readonly worker: Worker
  state: ReplayState | undefined
  seenBefore: Place
  now: number
  /** How far it was told that time has come. */
  toldTime: number
  /** It has not answered to that. */
  isTelling: boolean
  /** What it has sent that was not taken, with its last place. */
  readonly underWay: { readonly last: Place; readonly weight: number }[]
  read: Extract<FromThread, { readonly kind: 'read' }> | undefined
  hasArrived: boolean
  isBroken: boolean
  summary: Summary | undefined
}

const noNumbers = new Float64Array(0)

const lastOf = (piece: LinePiece | undefined): Place =>
  piece === undefined ? firstPlace : placeOf(piece, piece.at.length - 1)

const later = (a: Place, b: Place): Place => (comparePlaces(a, b) < 0 ? b : a)

async function drained(output: LineOutput | undefined): Promise<void> {
  await output?.drain()
}
