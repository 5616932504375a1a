import { LogUnavailable } from './event-log.ts'
import type { KafkaAddress } from './event-log-kafka-address.ts'
import type { KafkaClient, KafkaTopic } from './event-log-kafka-client.ts'
import { LogRefused } from './sqlite-log-failure.ts'

/**
 * The topic of the log, which is made if there is none; two processes may do this at once. Rejects with LogRefused where it is not fit, with
 * LogUnavailable where that cannot be told now.
 */
export async function openTopic(
  client: KafkaClient,
  { topic, replicas, where }: KafkaAddress,
  partitions: number,
): Promise<KafkaTopic> {
  if ((await client.topic()) === undefined) {
    const count = replicas ?? 1
    await client.makeTopic({ partitions, replicas: count, settings: settingsOf(count) })
  }
  for (const deadline = Date.now() + madeMsMax; ; ) {
    const known = await client.topic()
    if (known?.partitions.every(({ leader }) => leader >= 0)) {
      const settings = await client.settings()
      const why = whyUnfit({ topic: known, settings, partitions, replicas, name: topic })
      if (why === undefined) return known
      throw new LogRefused(`the topic ${topic} at ${where} cannot be the log: ${why}`)
    }
    if (Date.now() > deadline)
      throw new LogUnavailable('unreachable', `Kafka at ${where}: the topic ${topic} has no leader`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Nothing is removed: actors can be made anew from the log. */
const settingsOf = (replicas: number): ReadonlyMap<string, string> =>
  new Map([
    ['retention.ms', '-1'],
    ['retention.bytes', '-1'],
    ['cleanup.policy', 'delete'],
    // What is acknowledged outlives the loss of one.
    ['min.insync.replicas', replicas > 2 ? '2' : '1'],
  ])

interface Judged {
  readonly topic: KafkaTopic
  readonly settings: ReadonlyMap<string, string>
  readonly partitions: number
  /** undefined: any. */
  readonly replicas: number | undefined
  readonly name: string
}

/** Why a log on this topic would lose what it has, or stop; undefined: it would not. */
export function whyUnfit({ topic, settings, partitions, replicas, name }: Judged): string | undefined {
  const count = topic.partitions.length
  if (count !== partitions)
    return `it has ${count} partitions, not ${partitions}. Their number cannot change: set it back, or name another topic with ?topic=`
  const fewest = Math.min(...topic.partitions.map((partition) => partition.replicas))
  if (replicas !== undefined && fewest !== replicas)
    return `it has ${fewest} replicas, not ${replicas}: write ?replicas=${fewest}, or change them with kafka-reassign-partitions`
  const numberOf = (setting: string): number => Number(settings.get(setting))
  const remedy = (setting: string, value: string): string =>
    `; run: kafka-configs --bootstrap-server HOST:9092 --alter --topic ${name} --add-config ${setting}=${value}`
  const policy = settings.get('cleanup.policy')
  if (policy !== 'delete')
    return `its cleanup.policy is ${policy}, which removes records${remedy('cleanup.policy', 'delete')}`
  for (const setting of ['retention.ms', 'retention.bytes'])
    if (numberOf(setting) !== -1)
      return `its ${setting} is ${settings.get(setting)}, after which it removes records that accounts are made anew from${remedy(setting, '-1')}`
  if (numberOf('max.message.bytes') < messageBytesMin)
    return `its max.message.bytes is ${settings.get('max.message.bytes')}, too small for some events${remedy('max.message.bytes', String(usualMessageBytes))}`
  if (settings.get('unclean.leader.election.enable') === 'true')
    return `its unclean.leader.election.enable lets a broker lead that lacks acknowledged records${remedy('unclean.leader.election.enable', 'false')}`
  const inSync = numberOf('min.insync.replicas')
  if (fewest > 2 && inSync < 2)
    return `its min.insync.replicas is ${inSync}: what is acknowledged may be lost with one broker${remedy('min.insync.replicas', '2')}`
  if (inSync > fewest)
    return `its min.insync.replicas is ${inSync}, and it has ${fewest} replicas, so that nothing can be written${remedy('min.insync.replicas', String(fewest > 2 ? 2 : 1))}`
  const compression = settings.get('compression.type') ?? ''
  if (!compressionsRead.includes(compression))
    return `its compression.type is ${compression}, which not every client reads${remedy('compression.type', 'producer')}`
  return undefined
}

const madeMsMax = 10_000
/** A frame and what the broker adds to it. */
const messageBytesMin = 1_000_000
/** Of Kafka. */
const usualMessageBytes = 1_048_588
const compressionsRead: readonly string[] = ['producer', 'uncompressed', 'gzip']
