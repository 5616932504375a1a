import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Cause, Effect } from 'effect'
import type { OwnerFailure } from '#shared/protocol/owner-io'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { jsonLog, type ServiceLog, terminalLog } from '#shared/telemetry/service-log'
import { exitCodes, FoundErrors } from '../failure.ts'
import { checkedRuleSet, readRuleFolder } from '../rule-folder.ts'
import { listenForStop } from '../stop-signal.ts'
import { readServeConfiguration, type ServeConfiguration } from './configuration.ts'
import { feedDemo } from './demo-feed.ts'
import { LiveView } from './live-view.ts'
import { checkedSources } from './open-sources.ts'
import { type Running, startService, tokenOf } from './running-service.ts'
import { ServiceWatch } from './service-watch.ts'

/** Runs the service until it is told to stop. @returns exit code */
export async function runServe(args: readonly string[]): Promise<number> {
  const given = readServeConfiguration(args, process.env)
  const configuration = given.isDemo ? { ...given, rulesDir: shippedRules } : given
  const ruleFiles = await readRuleFolder(configuration.rulesDir)
  const ruleSet = checkedRuleSet(configuration.rulesDir, ruleFiles)
  checkPartitions(configuration, ruleSet)
  const sources = await checkedSources(configuration, ruleSet)
  const adminToken = tokenOf(configuration.adminToken) ?? (await tokenFor(configuration))
  const { isTTY } = process.stderr
  const log = isTTY ? terminalLog((text) => process.stderr.write(`${text}\n`)) : jsonLog()
  let failed: string | undefined
  const stop = listenForStop(() => {
    if (isTTY) process.stderr.write('\nstopping: what was taken is judged and kept\n')
    else log.info('stopping: what was taken is judged and kept')
  })
  const ended = new AbortController()
  const signal = AbortSignal.any([stop.signal, ended.signal])
  const onOwnerFailure = (partition: number, failure: OwnerFailure): void => {
    failed = `partition ${partition} has ended (${failure.reason}): ${failure.detail}`
    if (!isTTY) log.error('a partition has ended', failure.detail, { partition, reason: failure.reason })
    ended.abort()
  }
  const onNotice = (partition: number, text: string): void => {
    if (isTTY) process.stderr.write(`partition ${partition}: ${text}\n`)
    else log.warn(text, { partition })
  }
  const onLogLost = (detail: string): void => {
    failed = detail
    ended.abort()
  }
  const onServiceMistake = (error: unknown): void => {
    log.error('the service made a mistake', error)
    failed = 'the service has ended after a mistake of its own, see above; nothing accepted is lost'
    ended.abort()
  }
  const onMistake = (error: unknown, traceId: string): void => log.error('a request failed', error, { traceId })
  const program = Effect.gen(function* () {
    const running = yield* startService({
      configuration,
      ruleSet,
      ruleFiles,
      sources,
      adminToken,
      onOwnerFailure,
      onNotice,
      tell: (line) => (isTTY ? process.stderr.write(`${line}\n`) : log.warn(line)),
      onLogLost,
      onServiceMistake,
      onMistake,
    })
    yield* Effect.tryPromise({
      try: () => live(running, { configuration, rules: ruleSet.rules.length, adminToken, log, signal }),
      catch: (error) => error,
    })
  })
  const exit = await Effect.runPromiseExit(Effect.scoped(program))
  // A thread that hangs must not keep a service that has ended.
  setTimeout(() => process.exit(), hungThreadMs).unref()
  if (exit._tag === 'Failure') throw explained(Cause.squash(exit.cause))
  if (failed !== undefined) throw new FoundErrors(failed)
  return exitCodes.done
}

interface LiveOptions {
  readonly configuration: ServeConfiguration
  readonly rules: number
  readonly adminToken: string | undefined
  readonly log: ServiceLog
  readonly signal: AbortSignal
}

/** Until it is told to stop. */
async function live(
  { service, address }: Running,
  { configuration, rules, adminToken, log, signal }: LiveOptions,
): Promise<void> {
  const access = adminToken === undefined ? 'open, as it listens on this machine alone' : 'asks for a token'
  console.log(`Vigil watches with ${rules} rules; data in ${configuration.dataDir}
  API            ${address}/v1/alerts  (${access})
  documentation  ${address}/docs
`)
  log.info('started', { address, rules, partitions: configuration.partitions })
  const watch = new ServiceWatch(service, log)
  watch.start()
  const view = new LiveView(service, process.stdout, configuration.isDemo)
  await view.start()
  const feed = configuration.isDemo ? feedDemo(service, configuration.dataDir, signal) : Promise.resolve()
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  try {
    // A feed that ends leaves the service running; one that fails ends it.
    await Promise.race([stopped, feed.catch(unless(signal)).then(() => stopped)])
  } finally {
    watch.stop()
    view.stop()
  }
}

/** A feed that was told to stop has not failed. */
const unless =
  (signal: AbortSignal) =>
  (error: unknown): void => {
    if (!signal.aborted) throw error
  }

/** On any address but this machine's own the service asks for a token: the first start makes one and tells it once. */
async function tokenFor({ host, dataDir }: ServeConfiguration): Promise<string | undefined> {
  if (host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))) return undefined
  const file = join(dataDir, 'admin-token')
  const kept = await readFile(file, 'utf8').catch(() => undefined)
  if (kept !== undefined) return kept.trim()
  const token = `vk_${randomBytes(24).toString('base64url')}`
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  await writeFile(file, `${token}\n`, { mode: 0o600 })
  console.log(`Token of this service, told once and kept in ${file} (VIGIL_ADMIN_TOKEN takes its place): ${token}`)
  return token
}

/** Keys beyond the home key need all their events in one place. */
function checkPartitions({ partitions }: ServeConfiguration, ruleSet: RuleSet): void {
  if (partitions === 1) return
  const homes = new Set(ruleSet.events.types.map(({ keys }) => keys[0].key))
  const beyond = ruleSet.rules.find(({ by }) => !homes.has(by))
  const several = ruleSet.events.types.find(({ keys }) => keys[0].fields.length > 1)
  if (beyond === undefined && several === undefined) return
  const what =
    beyond === undefined
      ? `an event of type "${several?.name}" reaches several accounts`
      : `the rule "${beyond.name}" is kept by ${ruleSet.events.keys[beyond.by]}`
  throw new FoundErrors(
    `VIGIL_PARTITIONS is ${partitions}, and ${what}: that takes one partition in this version; set VIGIL_PARTITIONS=1`,
  )
}

/** What a person can do something about is told in a sentence. */
function explained(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if ('code' in error && error.code === 'EADDRINUSE')
    return new FoundErrors(`${error.message}; another program has that port: set VIGIL_PORT, or 0 for any free one`)
  return knownFailures.has(error.name) ? new FoundErrors(error.message) : error
}

const knownFailures: ReadonlySet<string> = new Set([
  'DataFolderInUse',
  'DataFolderUnusable',
  'LogRefused',
  'LogUnavailable',
  'StoreUnavailable',
  'AlertStoreUnavailable',
  'AlertStoreTooNew',
  'SinkRefused',
])

const hungThreadMs = 5_000

const shippedRules = fileURLToPath(new URL('../../../rules', import.meta.url))
