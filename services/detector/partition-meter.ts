import type { EventLog } from '#shared/log/event-log'
import type { Commit, OutboxEntry, Stage } from '#shared/protocol/commit'
import type { LogBlock } from '#shared/protocol/log-record'
import { recordKinds } from '#shared/protocol/log-record'
import type { CheckpointStore } from '#shared/store/checkpoint-store'
import { durationCounts, sizeCounts } from '#shared/telemetry/exponential-counts'
import type { MetricSamples, MetricSource } from '#shared/telemetry/metric-samples'
import type { HostedOwner, LoopInput } from './hosted-owner.ts'
import { logOver } from './log-over.ts'

interface PartitionMeterOptions {
  readonly partition: number
  readonly owner: HostedOwner
  readonly log: EventLog
  readonly checkpoints: CheckpointStore
  readonly deliver: (entries: readonly OutboxEntry[]) => Promise<void>
  readonly memoryBytesMax: number
  /** The highest offset that was answered. */
  readonly appended: () => number
}

/** Why something is tried again: label `cause`. */
const retryCauses = [
  'log-write',
  'log-read',
  'checkpoint-claim',
  'checkpoint-read',
  'checkpoint-write',
  'alert-store',
] as const
type RetryCause = (typeof retryCauses)[number]

/**
 * Measures a partition from outside: it stands between its loop and what the loop uses, and neither knows of it. What it keeps of the records
 * that are not judged yet is one block of them.
 */
export class PartitionMeter implements MetricSource {
  readonly owner: HostedOwner
  readonly log: EventLog
  readonly checkpoints: CheckpointStore
  readonly deliver: (entries: readonly OutboxEntry[]) => Promise<void>
  readonly #options: PartitionMeterOptions
  readonly #eventLatency = durationCounts()
  readonly #commitDuration = durationCounts()
  readonly #commitSize = sizeCounts()
  readonly #deliveryDuration = durationCounts()
  readonly #retries = new Map<RetryCause, number>(retryCauses.map((cause) => [cause, 0]))
  /** Records that the owner has and had not applied, from `#next` on. */
  #block: LogBlock | undefined
  #next = 0
  #starts = 0
  #renewals = 0
  #stagedBytes = 0
  /** Since when there are applied records behind the last commit. */
  #uncommittedSince: number | undefined
  /** End of the log, asked for while the partition is behind it. */
  #end = 0
  #isAskingForEnd = false

  constructor(options: PartitionMeterOptions) {
    this.#options = options
    this.owner = this.#measuredOwner(options.owner)
    this.log = this.#measuredLog(options.log)
    this.checkpoints = this.#measuredCheckpoints(options.checkpoints)
    this.deliver = (entries) =>
      this.#timed(
        'alert-store',
        () => options.deliver(entries),
        (seconds) => this.#deliveryDuration.add(seconds),
      )
  }

  async writeMetrics(samples: MetricSamples): Promise<void> {
    const { partition, memoryBytesMax } = this.#options
    const { view } = this.#options.owner
    const labels = { partition: String(partition) }
    const { counts, tally } = view
    const now = Date.now()
    samples.number('vigil.events.applied', counts.events, labels)
    samples.number('vigil.events.duplicate', counts.duplicates, labels)
    samples.number('vigil.events.conflict', counts.conflicts, labels)
    samples.number('vigil.events.late', counts.late, labels)
    samples.histogram('vigil.event.latency', this.#eventLatency, labels)
    samples.number('vigil.alert.revisions', counts.alerts, labels)
    samples.number('vigil.partition.position', view.position, labels)
    samples.number('vigil.partition.ready', Number(view.isReady), labels)
    samples.number('vigil.partition.lag.records', await this.#lagRecords(), labels)
    samples.number('vigil.partition.lag', this.#lagSeconds(now), labels)
    const isTimeKnown = view.now > Number.NEGATIVE_INFINITY
    samples.number('vigil.partition.event_time.delay', isTimeKnown ? Math.max(0, now - view.now) / 1_000 : 0, labels)
    for (const [cause, count] of this.#retries) samples.number('vigil.partition.retries', count, { ...labels, cause })
    samples.number('vigil.partition.starts', this.#starts, labels)
    samples.number('vigil.partition.renewals', this.#renewals, labels)
    samples.number('vigil.actors.resident', view.actors, labels)
    samples.number('vigil.actors.passivated', tally?.passivated ?? 0, labels)
    samples.number('vigil.actors.loaded', tally?.loaded ?? 0, labels)
    samples.number('vigil.state', view.stateBytes, labels)
    samples.number('vigil.state.limit', memoryBytesMax, labels)
    samples.number('vigil.history.truncated', tally?.truncatedRecords ?? 0, labels)
    samples.number('vigil.checkpoints', counts.commits, labels)
    samples.number('vigil.checkpoint.lag.records', Math.max(0, view.position - view.committedPosition), labels)
    const uncommittedMs = this.#uncommittedSince === undefined ? 0 : now - this.#uncommittedSince
    samples.number('vigil.checkpoint.age', Math.max(0, uncommittedMs) / 1_000, labels)
    samples.histogram('vigil.checkpoint.duration', this.#commitDuration, labels)
    samples.histogram('vigil.checkpoint.size', this.#commitSize, labels)
    samples.number('vigil.outbox.entries', view.outboxLength, labels)
    samples.histogram('vigil.delivery.duration', this.#deliveryDuration, labels)
  }

  #measuredOwner(owner: HostedOwner): HostedOwner {
    return {
      get view() {
        return owner.view
      },
      start: (execute, onMistake) => {
        this.#starts++
        // What an earlier owner was given, the next one is given again.
        this.#block = undefined
        owner.start((commands) => {
          execute(commands)
          this.#settle()
        }, onMistake)
      },
      handle: (input) => {
        this.#comes(input)
        owner.handle(input)
      },
      end: () => owner.end(),
    }
  }

  #measuredLog(log: EventLog): EventLog {
    return logOver(log, {
      append: (request) => this.#watched('log-write', log.append(request)),
      read: (partition, from, bytesMax) => this.#watched('log-read', log.read(partition, from, bytesMax)),
      waitFor: (partition, offset, signal) => this.#watched('log-read', log.waitFor(partition, offset, signal)),
      bounds: (partition) => this.#watched('log-read', log.bounds(partition)),
      renewReader: () => {
        this.#renewals++
        log.renewReader()
      },
    })
  }

  #measuredCheckpoints(store: CheckpointStore): CheckpointStore {
    return {
      claim: (partition, epoch) => this.#watched('checkpoint-claim', store.claim(partition, epoch)),
      stage: (stage) => {
        this.#stagedBytes += bytesOf(stage)
        return this.#watched('checkpoint-write', store.stage(stage))
      },
      commit: (commit) => this.#commit(store, commit),
      load: (partition, generation, names) =>
        this.#watched('checkpoint-read', store.load(partition, generation, names)),
      marked: (partition, generation) => this.#watched('checkpoint-read', store.marked(partition, generation)),
      outbox: (partition) => this.#watched('checkpoint-read', store.outbox(partition)),
      close: () => store.close(),
    }
  }

  #commit(store: CheckpointStore, commit: Commit): ReturnType<CheckpointStore['commit']> {
    const outboxBytes = commit.outbox.reduce((sum, { bytes }) => sum + bytes.length, 0)
    const size = this.#stagedBytes + bytesOf(commit) + outboxBytes
    const begunAt = Date.now()
    return this.#timed(
      'checkpoint-write',
      () => store.commit(commit),
      (seconds) => {
        this.#stagedBytes = 0
        this.#commitDuration.add(seconds)
        this.#commitSize.add(size)
        this.#uncommittedSince = this.#options.owner.view.position > commit.manifest.position ? begunAt : undefined
      },
    )
  }

  /** Notes what comes to the owner. Records of before its start, or that it has applied already, tell nothing of how long one waits. */
  #comes(input: LoopInput): void {
    if (input.kind !== 'records') return
    const { block } = input
    const { isReady, position } = this.#options.owner.view
    if (!isReady || block.length === 0 || block.offsets[block.length - 1] <= position) return
    this.#block = block
    this.#next = 0
  }

  /** Notes what the owner has applied meanwhile. */
  #settle(): void {
    const { position, committedPosition } = this.#options.owner.view
    if (position > committedPosition) this.#uncommittedSince ??= Date.now()
    const block = this.#block
    if (block === undefined || block.offsets[this.#next] > position) return
    const now = Date.now()
    while (this.#next < block.length && block.offsets[this.#next] <= position) {
      const receivedAt = block.receivedAt[this.#next]
      let events = 0
      // Events of one request came together.
      for (; this.#next < block.length && block.offsets[this.#next] <= position; this.#next++) {
        if (block.receivedAt[this.#next] !== receivedAt) break
        if (isFirstSeen(block, this.#next)) events++
      }
      if (events > 0) this.#eventLatency.add(Math.max(0, now - receivedAt) / 1_000, events)
    }
    if (this.#next === block.length) this.#block = undefined
  }

  async #lagRecords(): Promise<number> {
    const { owner, appended } = this.#options
    if (!owner.view.isReady) await this.#askForEnd()
    const end = owner.view.isReady ? appended() : Math.max(appended(), this.#end)
    return Math.max(0, end - owner.view.position)
  }

  /** Waits for an answer, but not long; one question at a time. */
  async #askForEnd(): Promise<void> {
    if (this.#isAskingForEnd) return
    this.#isAskingForEnd = true
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, endMsMax)
    const asked = this.#options.log.bounds(this.#options.partition).then(
      ({ next }) => {
        this.#end = next - 1
      },
      // The log is away, which the loop meets and tells: what is known stands.
      () => {},
    )
    void asked.finally(() => {
      this.#isAskingForEnd = false
    })
    await Promise.race([asked, promise])
    clearTimeout(timer)
  }

  #lagSeconds(now: number): number {
    const block = this.#block
    return block === undefined ? 0 : Math.max(0, now - block.receivedAt[this.#next]) / 1_000
  }

  async #timed<T>(cause: RetryCause, run: () => Promise<T>, onDone: (seconds: number) => void): Promise<T> {
    const start = performance.now()
    const result = await this.#watched(cause, run())
    onDone((performance.now() - start) / 1_000)
    return result
  }

  async #watched<T>(cause: RetryCause, work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      this.#retries.set(cause, (this.#retries.get(cause) ?? 0) + 1)
      throw error
    }
  }
}

const bytesOf = ({ actors }: Pick<Stage, 'actors'>): number => actors.reduce((sum, { bytes }) => sum + bytes.length, 0)

/** What somebody asks about again was received long ago. */
function isFirstSeen({ kinds }: LogBlock, i: number): boolean {
  const kind = recordKinds[kinds[i]]
  return kind === 'event' || kind === 'decide'
}

/** A scrape waits no longer than this for a log. */
const endMsMax = 500
