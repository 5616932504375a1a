import { isIP } from 'node:net'
import * as ByteSize from 'effect/ByteSize'
import * as Config from 'effect/Config'
import * as Option from 'effect/Option'
import * as Redacted from 'effect/Redacted'
import { limits } from '#shared/domain/limits'
import { parseDuration } from '#shared/domain/time'
import { type KafkaClientName, kafkaClients } from '#shared/log/event-log-kafka-client'
import { nearest } from '#shared/rule-language/diagnostic'
import { outcomes } from '#shared/rule-language/rule-set'
import { flagOf, optionalSetting, type Setting, setting, Unfit, valueOrMistake } from './setting.ts'
import { embeddedSnapshots, readSnapshotAddress } from './snapshot-address.ts'
import { alertPlace, checkpointPlace, logPlace, readSinkAddress, readStoreAddress } from './store-address.ts'

/** The arena numbers its blocks with 28 bits of 64 bytes. */
const memoryBytesMax = 16 * 2 ** 30
/** Below it, the histories of a few busy accounts fill the whole. */
const memoryBytesMin = 16 * 2 ** 20
/** Each partition has its own loop, files and checkpoints; one process gains nothing from more. */
const partitionsMax = 256
/** No Redis in use has more; each commit waits for all of them. */
const redisReplicasMax = 8

/** Below it, a service that was away for lunch finds less than it knew. */
const retentionMsMin = 3_600_000

/** All settings in the order in which `--help` and the documents show them. */
export const serveSettings = {
  host: setting({
    variable: 'VIGIL_HOST',
    placeholder: 'HOST',
    fallback: '127.0.0.1',
    summary: 'address to listen on',
    read: readHost,
  }),
  port: setting({
    variable: 'VIGIL_PORT',
    placeholder: 'PORT',
    fallback: '8080',
    summary: 'port to listen on; 0 takes any free one',
    read: (text) => wholeNumber(text, 0, 65_535, 'give one such as 8080; 0 takes any free port'),
  }),
  dataDir: setting({
    variable: 'VIGIL_DATA_DIR',
    placeholder: 'DIR',
    fallback: '.vigil',
    summary: 'folder of everything that is kept; locked while in use',
    read: readFolder,
  }),
  rulesDir: setting({
    variable: 'VIGIL_RULES',
    placeholder: 'DIR',
    fallback: 'rules',
    summary: 'folder of the rule set',
    read: readFolder,
  }),
  latenessMs: setting({
    variable: 'VIGIL_LATENESS',
    placeholder: 'DURATION',
    fallback: '10m',
    summary: "how far behind its account's newest event an event may be; at most 7d",
    read: readLateness,
  }),
  partitions: setting({
    variable: 'VIGIL_PARTITIONS',
    placeholder: 'N',
    fallback: '1',
    summary: 'parts of the log, each with its own order',
    read: (text) => wholeNumber(text, 1, partitionsMax, 'one process needs no more than 1'),
  }),
  log: setting({
    variable: 'VIGIL_LOG',
    placeholder: 'URL',
    fallback: logPlace.embedded,
    summary: 'the log of events',
    read: (text) => readStoreAddress(logPlace, text),
  }),
  kafkaClient: setting({
    variable: 'VIGIL_KAFKA_CLIENT',
    placeholder: 'CLIENT',
    fallback: kafkaClients[0],
    summary: `what speaks to Kafka where the log is there: ${kafkaClients.join(', ')}`,
    read: readKafkaClient,
  }),
  checkpoints: setting({
    variable: 'VIGIL_CHECKPOINTS',
    placeholder: 'URL',
    fallback: checkpointPlace.embedded,
    summary: 'the saved state of accounts',
    read: (text) => readStoreAddress(checkpointPlace, text),
  }),
  store: setting({
    variable: 'VIGIL_STORE',
    placeholder: 'URL',
    fallback: alertPlace.embedded,
    summary: 'alerts and decisions',
    read: (text) => readStoreAddress(alertPlace, text),
  }),
  redisReplicas: setting({
    variable: 'VIGIL_REDIS_REPLICAS',
    placeholder: 'N',
    fallback: '0',
    summary: 'replicas that must have a checkpoint on their disks; with 0 a lost Redis is made anew from the log',
    read: (text) => wholeNumber(text, 0, redisReplicasMax, 'give the number of replicas that always run, or 0'),
  }),
  retentionMs: setting({
    variable: 'VIGIL_LOG_RETENTION',
    placeholder: 'DURATION',
    fallback: '48h',
    summary: 'how long the log keeps what checkpoints and snapshots no longer need; at least 1h, or forever',
    read: readRetention,
  }),
  snapshots: setting({
    variable: 'VIGIL_SNAPSHOTS',
    placeholder: 'PLACE',
    fallback: embeddedSnapshots,
    summary:
      'copies of the state every 15 minutes: a folder, file:///PATH, s3://BUCKET/PREFIX?endpoint=URL&region=NAME, or none',
    read: readSnapshotAddress,
  }),
  memoryBytesMax: setting({
    variable: 'VIGIL_MEMORY',
    placeholder: 'BYTES',
    fallback: '1GiB',
    summary: 'for the state of all accounts, 16MiB to 16GiB; reserved, and used as accounts come',
    read: readMemory,
  }),
  lateOutcome: setting({
    variable: 'VIGIL_LATE_OUTCOME',
    placeholder: 'OUTCOME',
    fallback: 'review',
    summary: `what a late event is answered: ${outcomes.join(', ')}`,
    read: readOutcome,
  }),
  sources: optionalSetting({
    variable: 'VIGIL_SOURCES',
    placeholder: 'FILE',
    summary: "a file of the bank's own streams, which are read; vigil sources check FILE checks it",
    read: readFile,
  }),
  alertsTo: sinkSetting(
    'VIGIL_ALERTS_TO',
    'a topic or subject that is sent each revision of an alert: kafka://, nats://',
  ),
  decisionsTo: sinkSetting('VIGIL_DECISIONS_TO', 'the same for decisions'),
  adminToken: {
    variable: 'VIGIL_ADMIN_TOKEN',
    flag: flagOf('VIGIL_ADMIN_TOKEN'),
    isSecret: true,
    placeholder: 'TOKEN',
    fallback: undefined,
    summary: 'the token that may do everything; better as a variable, since a flag shows in the list of processes',
    config: Config.Redacted('VIGIL_ADMIN_TOKEN').pipe(
      Config.mapEffect((token) => valueOrMistake(checkToken(token))),
      Config.withDefault(undefined),
    ),
  },
} satisfies Record<string, Setting<unknown>>

function sinkSetting(variable: string, summary: string): Setting<Redacted.Redacted<string> | undefined> {
  const config = Config.String(variable).pipe(
    Config.mapEffect((text) => valueOrMistake(readSinkAddress(text))),
    Config.withDefault(undefined),
  )
  const flag = flagOf(variable)
  return { variable, flag, isSecret: false, placeholder: 'URL', fallback: undefined, summary, config }
}

function readHost(text: string): string | Unfit {
  if (isIP(text) !== 0) return text
  const isName = /^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(text) && !/^[\d.]+$/.test(text)
  return isName
    ? text
    : new Unfit('not an address or the name of a host', 'give one such as 127.0.0.1, without port or brackets')
}

function wholeNumber(text: string, min: number, max: number, remedy: string): number | Unfit {
  const number = Number(text)
  const isFit = /^\d{1,9}$/.test(text) && number >= min && number <= max
  return isFit ? number : new Unfit(`not a whole number from ${min} to ${max}`, remedy)
}

function readFolder(text: string): string | Unfit {
  return text === '' ? new Unfit('not the path of a folder', 'give one') : text
}

function readFile(text: string): string | Unfit {
  return text === '' ? new Unfit('not the path of a file', 'give one, or leave it out') : text
}

function readLateness(text: string): number | Unfit {
  const ms = parseDuration(text)
  return ms !== undefined && ms <= limits.latenessMsMax
    ? ms
    : new Unfit('not a duration of at most 7d', 'give one such as 30s, 10m or 1h30m')
}

function readRetention(text: string): number | undefined | Unfit {
  if (text === 'forever') return undefined
  const ms = parseDuration(text)
  return ms !== undefined && ms >= retentionMsMin
    ? ms
    : new Unfit('not a duration of at least 1h', 'give one such as 48h or 30d, or forever')
}

function readMemory(text: string): number | Unfit {
  const bytes = Number(Option.getOrUndefined(ByteSize.fromString(/^\d+$/.test(text) ? `${text}B` : text)))
  return bytes >= memoryBytesMin && bytes <= memoryBytesMax
    ? bytes
    : new Unfit('not an amount of memory from 16MiB to 16GiB', 'give one such as 512MiB, 1GiB or 1073741824')
}

function readKafkaClient(text: string): KafkaClientName | Unfit {
  return kafkaClients.find((name) => name === text) ?? unknownWord('a client of Kafka', text, kafkaClients)
}

function readOutcome(text: string): (typeof outcomes)[number] | Unfit {
  return outcomes.find((word) => word === text) ?? unknownWord('an outcome', text, outcomes)
}

function unknownWord(what: string, text: string, known: readonly string[]): Unfit {
  const near = nearest(text, known)
  return new Unfit(`not ${what}`, `${near === undefined ? '' : `did you mean ${near}? `}known are ${known.join(', ')}`)
}

/** It comes as a header, which holds no spaces and nothing beyond ASCII. */
function checkToken(token: Redacted.Redacted<string>): Redacted.Redacted<string> | Unfit {
  const isFit = /^[\x21-\x7e]{1,1024}$/.test(Redacted.value(token))
  return isFit
    ? token
    : new Unfit('not 1 to 1,024 visible ASCII characters without spaces', 'give another token, or unset it')
}
