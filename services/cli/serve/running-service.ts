import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { Effect, Redacted, type Scope } from 'effect'
import type { OwnerFailure } from '#shared/protocol/owner-io'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { DataFolder } from '#shared/store/data-folder'
import { ProcessMetrics } from '#shared/telemetry/process-metrics'
import { spanMetrics } from '#shared/telemetry/span-metrics'
import { noTracing } from '#shared/telemetry/tracing'
import { RequestMeter } from '../../api/request-meter.ts'
import { createServer } from '../../api/server.ts'
import { Service } from '../../detector/service.ts'
import type { LoadedSource } from '../../ingest/load-sources.ts'
import { telemetry } from '../../telemetry/start.ts'
import type { ServeConfiguration } from './configuration.ts'
import { sinkFeeds } from './open-sinks.ts'
import { sourcesOf } from './open-sources.ts'
import { keepingOf, openAlerts, openCheckpoints, openLog } from './open-stores.ts'
import { rehearse } from './rehearsal.ts'

export interface Running {
  readonly service: Service
  /** `http://127.0.0.1:8080` */
  readonly address: string
}

interface StartOptions {
  readonly configuration: ServeConfiguration
  readonly ruleSet: RuleSet
  readonly ruleFiles: ReadonlyMap<string, string>
  readonly sources: readonly LoadedSource[]
  readonly adminToken: string | undefined
  readonly onOwnerFailure: (partition: number, failure: OwnerFailure) => void
  readonly onNotice: (partition: number, text: string) => void
  /** What those who run the service should know of others: sources and sinks. */
  readonly tell: (line: string) => void
  readonly onLogLost: (detail: string) => void
  readonly onServiceMistake: (error: unknown) => void
  readonly onMistake: (error: unknown, traceId: string) => void
}

/**
 * Opens everything in order and starts it; when the scope closes all of it is ended in the opposite order: no more requests, then what the
 * log has is judged and committed, then the stores close, then the lock of the data folder goes.
 * Fails with what could not be opened.
 */
export const startService = (options: StartOptions): Effect.Effect<Running, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const { configuration, ruleSet, ruleFiles } = options
    const { dataDir, partitions, latenessMs, memoryBytesMax, lateOutcome, host, port } = configuration
    const tracing = telemetry?.tracing ?? noTracing
    yield* held(
      async () => telemetry,
      async (started) => started?.shutdown(telemetryMs),
    )
    yield* held(
      () => DataFolder.open(dataDir),
      async (folder) => folder.close(),
    )
    const rehearsed = yield* rehearsal(ruleSet, ruleFiles)
    const log = yield* held(() => openLog(configuration), closing)
    const checkpoints = yield* held(() => openCheckpoints(configuration), closing)
    const alerts = yield* held(() => openAlerts(configuration), closing)
    const keeping = keepingOf(configuration, log, checkpoints)
    const sinks = sinkFeeds(configuration, alerts, options.tell, options.onServiceMistake)
    for (const sink of sinks)
      yield* held(
        () => sink.start(),
        () => sink.stop(sinkStopMs),
      )
    const service = new Service({
      ruleSet,
      ruleFiles,
      partitions,
      latenessMs,
      memoryBytesMax,
      lateOutcome,
      newHashKey: randomBytes(6).readUIntBE(0, 6),
      name: `${hostname()} ${process.pid}`,
      log,
      checkpoints,
      alerts,
      keeping,
      tracing,
      timesFolder: dataDir,
      sinks,
      onFailure: options.onOwnerFailure,
      onNotice: options.onNotice,
      onLogLost: options.onLogLost,
      onMistake: options.onServiceMistake,
    })
    yield* held(
      async () => service.start(),
      () => service.stop(stopMs),
    )
    yield* rehearsed
    const meter = new RequestMeter()
    service.addMetrics(meter)
    const processMetrics = yield* held(
      async () => new ProcessMetrics(),
      async (metrics) => metrics.close(),
    )
    service.addMetrics(processMetrics)
    service.addMetrics(spanMetrics(telemetry?.spanCounts))
    telemetry?.metrics.from(() => service.metricSamples())
    const sources = yield* held(
      async () => sourcesOf(configuration, options.sources, ruleSet, service, options.tell, options.onServiceMistake),
      (opened) => opened.close(),
    )
    const { deadLetters } = sources
    const access = { adminToken: options.adminToken }
    const app = yield* held(
      () =>
        createServer({
          vigil: service,
          access,
          deadLetters,
          samples: tracing.samples,
          meter,
          onFailure: options.onMistake,
        }),
      async (server) => {
        service.refuse()
        // Whoever balances load sees that it is no longer ready before it is gone.
        await setTimeout(unreadyMs)
        await server.close()
      },
    )
    const address = yield* Effect.tryPromise({ try: () => app.listen({ host, port }), catch: (error) => error })
    yield* held(
      async () => sources.start(),
      () => sources.stop(),
    )
    return { service, address }
  })

/**
 * Starts a rehearsal. A help, not a need: what fails here fails in the service itself too, which tells it better.
 * @returns waits for its end
 */
const rehearsal = (
  ruleSet: RuleSet,
  ruleFiles: ReadonlyMap<string, string>,
): Effect.Effect<Effect.Effect<void>, never, Scope.Scope> => {
  const closed = new AbortController()
  const begin = Effect.sync(() => rehearse(ruleSet, ruleFiles, closed.signal).catch(() => 0))
  const end = (done: Promise<unknown>): Effect.Effect<void> =>
    Effect.promise(() => {
      closed.abort()
      return done
    })
  return Effect.map(Effect.acquireRelease(begin, end), (done) => Effect.promise(() => done))
}

export const tokenOf = (token: Redacted.Redacted<string> | undefined): string | undefined =>
  token === undefined ? undefined : Redacted.value(token)

/** A resource of the scope. */
const held = <T>(
  open: () => Promise<T>,
  close: (resource: T) => Promise<void>,
): Effect.Effect<T, unknown, Scope.Scope> =>
  Effect.acquireRelease(Effect.tryPromise({ try: open, catch: (error) => error }), (resource) =>
    Effect.promise(() => close(resource)),
  )

/** What does not close by then has its data already, and goes with the process. */
const closing = (resource: { close(): Promise<void> }): Promise<void> =>
  Promise.race([resource.close(), setTimeout(closeMs, undefined, { ref: false })])

const closeMs = 10_000
/** A collector that is away must not hold up the end. */
const telemetryMs = 3_000
const unreadyMs = 300

/** What is not done by then, the next start does: the log has it. */
const stopMs = 20_000
/** What is not sent by then, the next start sends: the alert store has it. */
const sinkStopMs = 5_000
