import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openKafkaLog } from '#shared/log/event-log-kafka'
import { openNatsLog } from '#shared/log/event-log-nats'
import { openKeeper } from '../../scripts/servers/keeper-client.mjs'
import { BankClient } from '../kills/bank-client.ts'
import { decideAgain } from '../kills/decide-again.ts'
import { type Findings, readFindings } from '../kills/findings.ts'
import type { Payments } from '../kills/payments.ts'
import { lateness } from './bank-stream.ts'
import type { LogKind, PlannedFault } from './fault-plan.ts'
import { Journal } from './journal.ts'
import { type LogContent, readLog } from './log-content.ts'
import { ProxiedServer } from './proxied-server.ts'
import { sendAtRate } from './send-at-rate.ts'
import { SupervisedService } from './supervised-service.ts'
import { makeTrouble } from './troubles.ts'

export interface TroubledOptions {
  /** For all that is kept of it, and the logs of its processes. */
  readonly folder: string
  readonly rules: string
  readonly payments: Payments
  readonly isDecided: (row: number) => boolean
  readonly log: LogKind
  readonly plan: readonly PlannedFault[]
  /** After it no fault begins. */
  readonly lengthMs: number
  /** Events a second. */
  readonly rate: number
  readonly detailsMax: number
}

export interface TroubledTrial {
  readonly findings: Findings
  readonly content: LogContent
  /** How often which fault happened, by target and kind. */
  readonly faults: ReadonlyMap<string, number>
  /** Why the service ended by itself; and why it did not start. */
  readonly endings: readonly string[]
  readonly refusedStarts: readonly string[]
  readonly retries: number
  /** How often which answer was the reason to send again. */
  readonly refusals: ReadonlyMap<string, number>
  /** From the end of the faults until all was sent, judged and delivered. */
  readonly convergedMs: number
  /** Events that were acknowledged at two places: the log could not tell that it had them. */
  readonly placedTwice: number
  /** Of the service's process, the most that was seen. */
  readonly memoryBytesMax: number
  readonly wrongs: readonly string[]
}

/** Sends everything to a service on servers while all of them are troubled, waits until it has come to rest, and reads what it found. */
export async function runTroubled(options: TroubledOptions): Promise<TroubledTrial> {
  const { folder, rules, payments, isDecided, log, detailsMax } = options
  await mkdir(folder, { recursive: true })
  const keeper = openKeeper({ isOwn: true })
  const servers: ProxiedServer[] = []
  const start = async (name: string): Promise<ProxiedServer> => {
    const server = await ProxiedServer.start(keeper, name)
    servers.push(server)
    return server
  }
  let vigil: SupervisedService | undefined
  let client: BankClient | undefined
  let journal: Journal | undefined
  try {
    const victims = { log: await start(log), redis: await start('redis'), postgres: await start('postgres') }
    const places = ['--log', logUrl(log, victims.log.url), '--checkpoints', victims.redis.url]
    const flags = [...places, '--store', victims.postgres.url, '--lateness', lateness]
    const service = new SupervisedService({ dataDir: join(folder, 'data'), rules, flags, logFolder: folder })
    vigil = service
    service.start()
    await (await service.running()).ready()
    const bank = new BankClient(payments, isDecided, () => service.address)
    client = bank
    journal = new Journal(join(folder, 'journal.txt'), service, bank)
    const troubling = makeTrouble(options.plan, options.lengthMs, { vigil: service, servers: victims })
    const ended = troubling.then(() => performance.now())
    const [faults, endedAt] = await Promise.all([
      troubling,
      ended,
      sendAtRate(bank, payments.rows.length, options.rate),
    ])
    await comeToRest(service)
    const convergedMs = performance.now() - endedAt
    const placedTwice = bank.wrongs.length
    const content = await readWhole(options, victims.log.directUrl)
    const again = await decideAgain(bank)
    const isPlaceOf = (number: number, position: string): boolean =>
      content.places.get(number)?.includes(position) === true
    const findings = await readFindings(bank, payments, again.answers, detailsMax, isPlaceOf)
    const { endings, refusedStarts } = service
    const { retries, refusals } = bank
    const wrongs = [...content.wrongs, ...again.wrongs, ...lostOf(bank, payments, content)]
    const { memoryBytesMax } = journal
    return {
      ...{ findings, content, faults, endings, refusedStarts, retries, refusals },
      ...{ convergedMs, placedTwice, memoryBytesMax, wrongs },
    }
  } finally {
    client?.close()
    await journal?.close()
    await vigil?.end()
    for (const server of servers) {
      await writeFile(join(folder, `${server.name}.txt`), await server.said())
      await server.close()
    }
    await keeper.close()
  }
}

const logUrl = (log: LogKind, url: string): string =>
  log === 'nats' ? `${url}/?stream=chaos` : `kafka://${url}/?topic=chaos`

/** All is judged and delivered, and the service says that it is well. Whoever ends by itself meanwhile is started again, and may take as long. */
async function comeToRest(service: SupervisedService): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const running = await service.running()
    try {
      await running.ready()
      return await running.atRest()
    } catch (error) {
      if (attempt === attemptsMax) throw error
    }
  }
}

/** Through a client of its own, past the proxy. */
async function readWhole({ folder, log, payments }: TroubledOptions, url: string): Promise<LogContent> {
  const open = log === 'nats' ? openNatsLog : openKafkaLog
  const reader = await open({ url: logUrl(log, url), folder: join(folder, 'reader'), partitions: 1, latenessMs: 0 })
  try {
    return await readLog(reader, folder, payments)
  } finally {
    await reader.close()
  }
}

/** What was acknowledged lies in the log, where that was said. */
function lostOf(client: BankClient, { numbers }: Payments, { places }: LogContent): string[] {
  return [...new Set(numbers)]
    .filter((number) => places.get(number)?.includes(client.position(number)) !== true)
    .map((number) => `event ${number} was acknowledged at ${client.position(number)}, and is not there`)
}

const attemptsMax = 2
