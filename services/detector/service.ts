import { availableParallelism } from 'node:os'
import { createHistogram } from 'node:perf_hooks'
import { limits } from '#shared/domain/limits'
import type { EventLog } from '#shared/log/event-log'
import type { OwnerFailure } from '#shared/protocol/owner-io'
import type { RuleSet } from '#shared/rule-language/rule-set'
import type { AlertStore } from '#shared/store/alert-store'
import type { CheckpointStore } from '#shared/store/checkpoint-store'
import type { MetricSamples, MetricSource } from '#shared/telemetry/metric-samples'
import type { MetricsFormat } from '#shared/telemetry/prometheus-page'
import { noTracing, type Tracing } from '#shared/telemetry/tracing'
import type { Decided, EventRecord, RequestContext, Rows, Submitted, Unavailable, Vigil } from '../api/vigil.ts'
import type { EventDoor } from '../ingest/event-door.ts'
import type { SinkFeed } from '../sinks/sink-feed.ts'
import { SinkMetrics } from '../sinks/sink-metrics.ts'
import { accountReader } from './account-of.ts'
import { AppendedLag } from './appended-lag.ts'
import { createOwner } from './create-owner.ts'
import { deliverer } from './delivery.ts'
import { eventJsonSchema } from './event-json-schema.ts'
import type { HostedOwner, OwnerView } from './hosted-owner.ts'
import { Housekeeping } from './housekeeping.ts'
import { Intake } from './intake.ts'
import { Keeping, type KeepingOptions } from './keeping.ts'
import { LocalOwner } from './local-owner.ts'
import { Metrics } from './metrics.ts'
import { OwnerThread } from './owner-thread.ts'
import { Partition } from './partition.ts'
import { PartitionMeter } from './partition-meter.ts'
import type { PartitionTimes } from './partition-times.ts'
import { renewableLog } from './renewable-log.ts'
import { RuleMetrics } from './rule-metrics.ts'
import { ServiceMetrics } from './service-metrics.ts'
import { serviceTraces } from './service-traces.ts'
import { SnapshotMetrics } from './snapshot-metrics.ts'
import { StallWatch } from './stall-watch.ts'
import { traceIdOf } from './trace-context.ts'
import { WatchedOwner } from './watched-owner.ts'

export interface ServiceOptions {
  readonly ruleSet: RuleSet
  readonly ruleFiles: ReadonlyMap<string, string>
  readonly partitions: number
  readonly latenessMs: number
  readonly memoryBytesMax: number
  readonly lateOutcome: string
  /** Key of the hashes of texts for a rule set that begins here. */
  readonly newHashKey: number
  /** Who owns the partitions, for people. */
  readonly name: string
  readonly log: EventLog
  readonly checkpoints: CheckpointStore
  readonly alerts: AlertStore
  readonly onFailure: (partition: number, failure: OwnerFailure) => void
  /** What an operator should know, and need not do anything about. Default: nobody listens. */
  readonly onNotice?: (partition: number, text: string) => void
  /** Default: no snapshots, and a log that keeps everything. */
  readonly keeping?: KeepingOptions
  /** A mistake of ours, after which its partition stands still. */
  readonly onMistake: (error: unknown) => void
  /** The log is lost, or a partition gets no further: only a new start can help. */
  readonly onLogLost: (detail: string) => void
  /** Default: nobody listens. */
  readonly tracing?: Tracing
  /** Where it is kept when things happened. Default: in memory. */
  readonly timesFolder?: string
  /** Told of what is stored; the caller starts and stops them. Default: none. */
  readonly sinks?: readonly SinkFeed[]
}

/** The whole service behind the HTTP API: takes events, owns all partitions, delivers what they find. The stores are the caller's. */
export class Service implements Vigil {
  readonly alerts: AlertStore
  readonly eventSchema: object
  /** Nanoseconds from a request for a decision to its answer. */
  readonly decisionTimes = createHistogram()
  readonly #options: ServiceOptions
  readonly #times: readonly PartitionTimes[]
  /** As all who append use it. */
  readonly #log: EventLog
  readonly #threads: readonly OwnerThread[]
  readonly #owners: readonly WatchedOwner[]
  readonly #loops: readonly Partition[]
  readonly #keeping: Keeping
  readonly #intake: Intake
  readonly #metrics = new Metrics()
  readonly #serviceMetrics = new ServiceMetrics(() => this.unready().length === 0)
  readonly #listeners = new Set<() => void>()
  /** By partition: the highest offset that was answered. */
  readonly #appended: Float64Array
  readonly #lags: readonly AppendedLag[]
  #isStopping = false
  #hasErred = false
  readonly #stalls: StallWatch
  readonly #housekeeping: Housekeeping

  constructor(options: ServiceOptions) {
    this.#options = options
    const { ruleSet, partitions, alerts, lateOutcome } = options
    const { log, times, spans } = serviceTraces({
      log: renewableLog(options.log),
      partitions,
      tracing: options.tracing ?? noTracing,
      folder: options.timesFolder,
      onTrouble: (partition, error) => options.onNotice?.(partition, timesTrouble(error)),
    })
    this.#times = times
    this.#log = log
    this.alerts = alerts
    this.eventSchema = eventJsonSchema(ruleSet.events)
    this.#appended = new Float64Array(partitions)
    this.#lags = Array.from({ length: partitions }, () => new AppendedLag())
    this.#intake = new Intake({
      ruleSet,
      partitions,
      log,
      alerts,
      lateOutcome,
      refusal: () => this.#refusal(),
      onAppended: (partition, offset) => this.#noteAppended(partition, offset),
    })
    const { name, ruleFiles, newHashKey, latenessMs } = options
    const memoryBytesMax = Math.floor(options.memoryBytesMax / partitions)
    const { keeping = { snapshots: undefined, retention: undefined } } = options
    const hasSnapshots = keeping.snapshots !== undefined
    const settings = { name, ruleFiles, newHashKey, latenessMs, tenant: 'default', memoryBytesMax, hasSnapshots }
    // A single owner decides sooner beside its loop.
    const threads = partitions === 1 ? 0 : Math.min(partitions, availableParallelism())
    this.#threads = Array.from({ length: threads }, () => new OwnerThread(settings))
    const ownerOf = (partition: number): HostedOwner =>
      threads === 0
        ? new LocalOwner(() => createOwner(partition, settings))
        : this.#threads[partition % threads].add(partition)
    this.#owners = Array.from({ length: partitions }, (_, partition) => new WatchedOwner(ownerOf(partition)))
    const onNotice = (partition: number, text: string): void => options.onNotice?.(partition, text)
    const delivers = (partition: number): boolean => this.#loops[partition].troubles.length === 0
    this.#keeping = new Keeping(keeping, { owners: this.#owners, delivers, onNotice })
    this.#stalls = new StallWatch({ log, owners: this.#owners, appended: this.#appended, onLost: options.onLogLost })
    this.#housekeeping = new Housekeeping(this.#stalls, alerts)
    const accountOf = accountReader(ruleSet.events)
    const onDelivered = (alerts: number, decisions: number): void => {
      if (alerts > 0) for (const listener of this.#listeners) listener()
      if (alerts > 0 || decisions > 0) for (const sink of options.sinks ?? []) sink.news()
    }
    const store = this.#serviceMetrics.deliversTo(alerts)
    this.#loops = this.#owners.map((owner, partition) => {
      const deliver = deliverer({
        ...{ partition, log, store, lateOutcome, accountOf, onDelivered },
        times: times[partition],
        spans: spans[partition],
      })
      // Of a log whose offsets have gaps as if it had none.
      const appended = (): number => owner.view.position + this.#lags[partition].at(owner.view.position)
      const checkpoints = this.#keeping.snapshots[partition] ?? options.checkpoints
      const meter = new PartitionMeter({ partition, owner, log, checkpoints, deliver, memoryBytesMax, appended })
      this.#metrics.add(meter)
      return new Partition({
        partition,
        owner: meter.owner,
        log: meter.log,
        checkpoints: meter.checkpoints,
        times: times[partition],
        deliver: meter.deliver,
        onJudged: (from, judged) => this.#intake.judged(from, judged),
        snapshots: this.#keeping.snapshots[partition],
        onFailure: (failure) => options.onFailure(partition, failure),
        onNotice: (text) => onNotice(partition, text),
        onMistake: (error) => this.#tellMistake(error),
      })
    })
    this.#metrics.add(new RuleMetrics(this.#owners, lateOutcome))
    this.#metrics.add(this.#serviceMetrics)
    const positionOf = (partition: number): number => this.#owners[partition].view.position
    this.#metrics.add(new SnapshotMetrics(this.#keeping.snapshots, positionOf))
    this.#metrics.add(new SinkMetrics(options.sinks ?? []))
  }

  start(): void {
    for (const loop of this.#loops) loop.start()
    this.#keeping.start()
    this.#housekeeping.start()
  }

  /** No more is taken from now on. */
  refuse(): void {
    this.#isStopping = true
  }

  /** Applies and commits what the log has, as far as it can be done by the deadline. What is left, the next start does. */
  async stop(deadlineMs: number): Promise<void> {
    this.refuse()
    this.#housekeeping.stop()
    const deadline = Date.now() + deadlineMs
    while (
      this.#lag > 0 &&
      !this.#stalls.isLost &&
      this.#owners.every(({ view }) => view.isReady) &&
      Date.now() < deadline
    )
      await new Promise((resolve) => setTimeout(resolve, drainPollMs))
    await this.#keeping.stop()
    await Promise.all(this.#loops.map((loop) => loop.stop(Math.max(drainPollMs, deadline - Date.now()))))
    await Promise.all(this.#threads.map((thread) => thread.end()))
    for (const times of this.#times) times.close()
  }

  /** For who brings events in another way than by `submit`, and has checked them. */
  get door(): EventDoor {
    return {
      append: async (request) => {
        const result = await this.#log.append(request)
        if (result.kind === 'appended')
          for (const [i, offset] of result.offsets.entries()) this.#noteAppended(request.partitions[i], offset)
        return result
      },
      refusal: () => this.#refusal()?.detail,
      lag: () => this.#lag,
      samples: (this.#options.tracing ?? noTracing).samples,
    }
  }

  async submit(rows: Rows, context: RequestContext): Promise<Submitted> {
    return this.#intake.submit(rows, context)
  }

  async decide(rows: Rows, context: RequestContext, waitMs: number): Promise<Submitted | Decided> {
    const startedAt = process.hrtime.bigint()
    const answer = await this.#intake.decide(rows, context, waitMs)
    const nanoseconds = process.hrtime.bigint() - startedAt
    if (answer.kind === 'decided') this.decisionTimes.record(nanoseconds)
    this.#serviceMetrics.decided(answer, Number(nanoseconds) / 1e9, context.traceparent)
    return answer
  }

  async event(id: string): Promise<EventRecord | undefined> {
    const found = (await this.#options.log.find([id])).at(-1)
    const evidence = await this.alerts.evidence(id)
    const alerts = evidence?.alerts ?? []
    if (found !== undefined)
      return {
        id,
        event: Buffer.from(found.body).toString('utf8'),
        position: `${found.partition}:${found.offset}`,
        traceId: traceIdOf(found.traceparent),
        receivedAt: found.receivedAt,
        alerts,
      }
    if (evidence === undefined) return undefined
    const { event, position, traceId, receivedAt } = evidence.event
    return { id, event, position, traceId, receivedAt, alerts }
  }

  onRevisions(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true })
  }

  unready(): readonly string[] {
    const { log } = this.#options
    const reasons = this.#owners.flatMap(({ view }, partition) =>
      view.isReady ? [] : [`partition ${partition} is being brought to the end of its log`],
    )
    if (this.#isStopping) reasons.push('the service is stopping')
    if (!log.health.isReady) reasons.push(`the log cannot be written: ${log.health.detail}`)
    const { storeTrouble } = this.#housekeeping
    if (storeTrouble !== undefined) reasons.push(`the alert store does not answer: ${storeTrouble}`)
    return [...reasons, ...new Set(this.#loops.flatMap(({ troubles }) => troubles))]
  }

  metrics(format: MetricsFormat): Promise<string> {
    return this.#metrics.page(format)
  }

  /** The same for others than Prometheus. */
  metricSamples(): Promise<MetricSamples> {
    return this.#metrics.read()
  }

  /** Numbers that are kept elsewhere. @returns they go */
  addMetrics(source: MetricSource): () => void {
    return this.#metrics.add(source)
  }

  /** For a line that says how it goes. */
  get counts(): { readonly events: number; readonly actors: number; readonly alerts: number } {
    const sum = (count: (view: OwnerView) => number): number =>
      this.#owners.reduce((total, { view }) => total + count(view), 0)
    return {
      events: sum(({ counts }) => counts.events),
      actors: sum(({ actors }) => actors),
      alerts: sum(({ counts }) => counts.alerts),
    }
  }

  #noteAppended(partition: number, offset: number): void {
    this.#appended[partition] = Math.max(this.#appended[partition], offset)
    this.#lags[partition].appended(offset)
  }

  /** Events that this process has put into the log and that the owners have not judged yet. */
  get #lag(): number {
    return this.#owners.reduce((lag, { view }, i) => lag + this.#lags[i].at(view.position), 0)
  }

  #refusal(): Unavailable | undefined {
    const unavailable = (reason: Unavailable['reason'], detail: string): Unavailable => ({
      kind: 'unavailable',
      reason,
      detail,
      retryAfterSeconds: 1,
    })
    if (this.#isStopping) return unavailable('stopping', 'the service is stopping')
    if (this.#owners.some(({ view }) => !view.isReady))
      return unavailable('starting', 'the service brings its state to the end of the log')
    const { health } = this.#options.log
    if (!health.isReady) return unavailable(health.reason, health.detail)
    if (this.#lag > limits.lagEventsMax)
      return unavailable('overloaded', `${this.#lag} events wait to be judged; send more slowly`)
    return undefined
  }

  /** Once: a thread that ends does so for all its partitions. */
  #tellMistake(error: unknown): void {
    if (this.#hasErred) return
    this.#hasErred = true
    this.#options.onMistake(error)
  }
}

const timesTrouble = (error: unknown): string =>
  `stories of alerts will not tell times from before the next start: ${error instanceof Error ? error.message : error}`

const drainPollMs = 20
