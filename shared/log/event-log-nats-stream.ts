import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream'
import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream'
import type { NatsAddress } from './event-log-nats-address.ts'
import { LogRefused } from './sqlite-log-failure.ts'

/** Not `vigil.`: others of Vigil's subjects begin in the same way, and what is sent there is no record. */
export const subjectPrefixOf = (stream: string): string => `${stream}.log.`
export const subjectOf = (stream: string, partition: number): string => `${subjectPrefixOf(stream)}${partition}`

/** The stream of the log, which is made if there is none. Rejects with LogRefused where it is not fit, and with what the client rejects with. */
export async function openStream(
  manager: JetStreamManager,
  { stream, replicas, where }: NatsAddress,
  partitions: number,
): Promise<StreamInfo> {
  const there = await manager.streams.info(stream).catch((error: unknown) => {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return undefined
    throw error
  })
  // Two processes may do this at once: with equal settings the second finds the stream of the first.
  const info = there ?? (await manager.streams.add(settingsOf(stream, partitions, replicas ?? 1)))
  requireFit(info.config, { stream, partitions, replicas, where })
  return info
}

type Settings = Partial<StreamConfig> & { readonly name: string }

const settingsOf = (stream: string, partitions: number, replicas: number): Settings => ({
  name: stream,
  description: 'Event log of Vigil: each message holds records of one partition, told by its first line',
  subjects: [`${subjectPrefixOf(stream)}*`],
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  // A log that is full refuses what is new; it never loses what it has.
  discard: DiscardPolicy.New,
  num_replicas: replicas,
  allow_atomic: true,
  allow_direct: true,
  deny_delete: true,
  // What is older than the retention goes.
  deny_purge: false,
  metadata: { [partitionsKey]: String(partitions) },
})

const partitionsKey = 'vigil.partitions'

interface Wanted {
  readonly stream: string
  readonly partitions: number
  readonly replicas: number | undefined
  readonly where: string
}

function requireFit(config: StreamConfig, { stream, partitions, replicas, where }: Wanted): void {
  const refuse = (why: string): never => {
    throw new LogRefused(`the stream ${stream} of NATS at ${where} cannot be the log: ${why}`)
  }
  const made = config.metadata?.[partitionsKey]
  if (made === undefined) refuse('it was not made for one; name another stream with ?stream=')
  if (made !== String(partitions))
    refuse(`it was made with ${made} partitions, not with ${partitions}; set their number back, or name another stream`)
  if (config.allow_atomic !== true) refuse('allow_atomic is off; it needs nats-server 2.12 or newer')
  if (config.allow_direct !== true) refuse('allow_direct is off; run: nats stream edit --allow-direct')
  if (config.storage !== StorageType.File) refuse('it is kept in memory')
  if (config.retention !== RetentionPolicy.Limits) refuse(`its retention is ${config.retention}, not limits`)
  if (config.discard !== DiscardPolicy.New)
    refuse('when it is full it discards old records; run: nats stream edit --discard new')
  if (config.max_msgs_per_subject > 0) refuse('max_msgs_per_subject discards records; set it to -1')
  if ('persist_mode' in config && config.persist_mode === 'async')
    refuse('persist_mode async acknowledges what is not yet on disk')
  if (replicas !== undefined && config.num_replicas !== replicas)
    refuse(`it has ${config.num_replicas} replicas, not ${replicas}; run: nats stream edit --replicas ${replicas}`)
}
