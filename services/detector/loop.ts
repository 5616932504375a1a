import { Effect, Schedule } from 'effect'
import { invariant } from '#shared/domain/invariant'
import { type EventLog, LogUnavailable, singleRecord } from '#shared/log/event-log'
import type { OutboxEntry } from '#shared/protocol/commit'
import type { Judged, OwnerFailure, OwnRecord } from '#shared/protocol/owner-io'
import { AlertStoreUnavailable } from '#shared/store/alert-store'
import { type CheckpointStore, StoreUnavailable } from '#shared/store/checkpoint-store'
import { SnapshotPlaceUnavailable } from '#shared/store/snapshot-place'
import type { HostedOwner, LoopCommand, LoopInput } from './hosted-owner.ts'
import type { PartitionSnapshots } from './partition-snapshots.ts'
import type { PartitionTimes } from './partition-times.ts'

export interface PartitionLoopOptions {
  readonly partition: number
  readonly owner: HostedOwner
  readonly log: EventLog
  readonly checkpoints: CheckpointStore
  /** undefined: there are none, and the owner asks for none. */
  readonly snapshots: Pick<PartitionSnapshots, 'heads' | 'restore'> | undefined
  /** Is told when what was done. */
  readonly times: PartitionTimes
  /** Delivers entries; rejects where that is to be tried again. */
  readonly deliver: (entries: readonly OutboxEntry[]) => Promise<void>
  readonly onJudged: (partition: number, judged: readonly Judged[]) => void
  readonly onFailure: (failure: OwnerFailure) => void
  readonly onNotice: (text: string) => void
  /** A mistake of ours: nothing is tried again. */
  readonly onMistake: (error: unknown) => void
}

/**
 * Executes what a partition's owner wants done, and tells it what came of it. The one place where the pure owner meets the world.
 *
 * X1 Every command with an answer is answered once: what fails for reasons outside is tried again until it succeeds or the loop ends.
 * X2 Stages and commits go to the store one after the other, in order.
 */
export class PartitionLoop {
  readonly #options: PartitionLoopOptions
  readonly #abort = new AbortController()
  readonly #troubles = new Map<string, string>()
  #commits: Promise<void> = Promise.resolve()
  #hasEnded = false
  readonly #ended: Promise<void>
  #end: () => void = () => {}

  constructor(options: PartitionLoopOptions) {
    this.#options = options
    this.#ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** What it is waiting for outside, by what it wants to do; empty: nothing fails. */
  get troubles(): readonly string[] {
    return [...this.#troubles.values()]
  }

  start(): void {
    this.#options.owner.start(
      (commands) => this.#take(commands),
      (error) => this.#fail(error),
    )
  }

  /** Resolves once what was applied is committed, or the deadline has passed: the log has it all. */
  async stop(deadlineMs: number): Promise<void> {
    const timer = setTimeout(() => this.#finish(), deadlineMs)
    if (!this.#hasEnded) this.#options.owner.handle({ kind: 'stop' })
    await this.#ended
    clearTimeout(timer)
  }

  #take(commands: readonly LoopCommand[]): void {
    try {
      for (const command of commands) this.#execute(command)
    } catch (error) {
      this.#fail(error)
    }
  }

  #execute(command: LoopCommand): void {
    const { partition, log, checkpoints, times, deliver } = this.#options
    switch (command.kind) {
      case 'append':
        this.#answer('the log cannot be written', async () => {
          const offset = await this.#append(command.record)
          return { kind: 'appended', record: command.record.kind, offset }
        })
        return
      case 'claim':
        this.#answer('checkpoints cannot be claimed', async () => {
          return { kind: 'claimed', result: await checkpoints.claim(partition, command.epoch) }
        })
        return
      case 'bounds':
        this.#answer('the log cannot be read', async () => ({ kind: 'bounds', ...(await log.bounds(partition)) }))
        return
      case 'read':
        if (command.isNext) times.reads(command.from)
        this.#answer('the log cannot be read', () => this.#read(command))
        return
      case 'marked':
        this.#answer('checkpoints cannot be read', async () => {
          return { kind: 'marked', ...(await checkpoints.marked(partition, command.generation)) }
        })
        return
      case 'load':
        this.#answer('checkpoints cannot be read', async () => {
          return { kind: 'loaded', ...(await checkpoints.load(partition, command.generation, command.names)) }
        })
        return
      case 'outbox':
        this.#answer('checkpoints cannot be read', async () => {
          return { kind: 'outbox', ...(await checkpoints.outbox(partition)) }
        })
        return
      case 'snapshots':
        this.#answer('snapshots cannot be read', async () => {
          return { kind: 'snapshots', snapshots: (await this.#options.snapshots?.heads()) ?? [] }
        })
        return
      case 'restore':
        this.#answer('a snapshot cannot be brought back', async () => {
          invariant(this.#options.snapshots !== undefined, 'there are snapshots where one is to be brought back')
          return { kind: 'restored', result: await this.#options.snapshots.restore(command.restore) }
        })
        return
      case 'notice':
        this.#options.onNotice(command.text)
        return
      case 'stage':
        this.#inOrder(async () => ({ kind: 'staged', result: await checkpoints.stage(command.stage) }))
        return
      case 'commit':
        this.#inOrder(async () => {
          times.commits(command.commit.manifest.position)
          const result = await checkpoints.commit(command.commit)
          times.committed()
          return { kind: 'committed', result }
        })
        return
      case 'offer':
        this.#answer('alerts cannot be stored', async () => {
          await deliver(command.entries)
          return { kind: 'offered', upTo: command.entries[command.entries.length - 1].number }
        })
        return
      case 'judged':
        this.#options.onJudged(partition, command.judged)
        return
      case 'stopped':
        this.#finish()
        return
      case 'halt':
        this.#finish()
        this.#options.onFailure(command.failure)
    }
  }

  async #append({ kind, body }: OwnRecord): Promise<number> {
    const { partition, log } = this.#options
    const result = await log.append(singleRecord(kind, partition, body, Date.now()))
    if (result.kind !== 'appended') throw new Error(`a record of kind ${kind} cannot be a conflict`)
    return result.offsets[0]
  }

  async #read({ from, bytesMax, waits }: Extract<LoopCommand, { kind: 'read' }>): Promise<LoopInput> {
    const { partition, log } = this.#options
    for (;;) {
      const block = await log.read(partition, from, bytesMax)
      if (block.length > 0 || !waits || this.#abort.signal.aborted) return { kind: 'records', block }
      await log.waitFor(partition, from, this.#abort.signal)
    }
  }

  #inOrder(run: () => Promise<LoopInput>): void {
    this.#commits = this.#commits.then(() => this.#perform('checkpoints cannot be written', run))
  }

  #answer(trouble: string, run: () => Promise<LoopInput>): void {
    void this.#perform(trouble, run)
  }

  async #perform(trouble: string, run: () => Promise<LoopInput>): Promise<void> {
    try {
      const answer = await run().catch((error: unknown) => this.#retried(trouble, run, error))
      if (answer.kind === 'records') this.#options.times.brings(answer.block)
      if (!this.#hasEnded) this.#options.owner.handle(answer)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Rejects with a mistake of ours, or where the loop has ended. */
  async #retried(trouble: string, run: () => Promise<LoopInput>, first: unknown): Promise<LoopInput> {
    if (!isOutside(first)) throw first
    const tell = (error: unknown): void => void this.#troubles.set(trouble, `${trouble}: ${textOf(error)}`)
    tell(first)
    const attempts = Effect.tryPromise({ try: run, catch: (error) => error }).pipe(
      Effect.tapError((error) => Effect.sync(() => tell(error))),
      Effect.retry({ schedule: retries, while: isOutside }),
      Effect.tap(() => Effect.sync(() => this.#troubles.delete(trouble))),
      Effect.delay('50 millis'),
    )
    return Effect.runPromise(attempts, { signal: this.#abort.signal })
  }

  #fail(error: unknown): void {
    if (this.#hasEnded) return
    this.#finish()
    this.#options.onMistake(error)
  }

  #finish(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#options.owner.end()
    this.#abort.abort()
    this.#end()
  }
}

/** What the world does; anything else is a mistake of ours. */
const isOutside = (error: unknown): boolean =>
  error instanceof LogUnavailable ||
  error instanceof StoreUnavailable ||
  error instanceof AlertStoreUnavailable ||
  error instanceof SnapshotPlaceUnavailable

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** From 50 ms on, never more than 2 s apart, without end: what fails outside pauses a partition, and never skips a record. */
const retries = Schedule.min([Schedule.exponential('50 millis'), Schedule.spaced('2 seconds')])
