// Topics and subjects that Vigil sends to, on real brokers, as a reader of the bank sees them.
import { randomUUID } from 'node:crypto'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { Admin, Consumer } from '@platformatic/kafka'

export interface ToldMessage {
  readonly body: string
  /** undefined where the broker has none. */
  readonly key: string | undefined
  /** By name in small letters. */
  readonly headers: Readonly<Record<string, string>>
  /** Order holds among messages of the same one. */
  readonly partition: number
}

export interface ToldStream {
  /** As `VIGIL_ALERTS_TO` has it. */
  readonly url: string
  create(): Promise<void>
  /** All messages that there are, oldest first within each partition. It connects anew, so that the broker may go in between. */
  all(): Promise<readonly ToldMessage[]>
}

/** @param url `host:port` */
export function toldTopic(url: string, topic: string, partitions = 3): ToldStream {
  const base = { clientId: 'bank', bootstrapBrokers: [url], retries: 20, retryDelay: 200 }
  const numbers = Array.from({ length: partitions }, (_, partition) => partition)
  return {
    url: `kafka://${url}/${topic}`,
    create: async () => {
      const admin = new Admin(base)
      await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
      await admin.close()
    },
    all: async () => {
      const consumer = new Consumer({ ...base, groupId: randomUUID() })
      try {
        const ends =
          (await consumer.listOffsets({ topics: [topic], partitions: { [topic]: numbers } })).get(topic) ?? []
        let left = Number(ends.reduce((sum, end) => sum + end, 0n))
        const told: ToldMessage[] = []
        if (left === 0) return told
        const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
        for await (const { key, value, headers, partition } of stream) {
          told.push({ body: String(value), key: key?.toString(), headers: namesInSmall(headers), partition })
          if (--left === 0) break
        }
        return told
      } finally {
        await consumer.close(true)
      }
    },
  }
}

/** @param url `nats://host:port` */
export function toldSubject(url: string, stream: string): ToldStream {
  const connected = async <T>(
    work: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>,
  ): Promise<T> => {
    const client = await connect({ servers: url, maxReconnectAttempts: 50, waitOnFirstConnect: true })
    try {
      return await work(await jetstreamManager(client))
    } finally {
      await client.close()
    }
  }
  return {
    url: `${url.replace(/\/$/, '')}/${stream}.told`,
    create: () =>
      connected(async (manager) => {
        await manager.streams.add({ name: stream, subjects: [`${stream}.>`] })
      }),
    all: () =>
      connected(async (manager) => {
        const { last_seq: last } = (await manager.streams.info(stream)).state
        const told: ToldMessage[] = []
        for (let seq = 1; seq <= last; seq++) {
          const message = await manager.streams.getMessage(stream, { seq })
          if (message === null) continue
          const headers = namesInSmall([...(message.header ?? [])].map(([name, values]) => [name, values[0]]))
          told.push({ body: Buffer.from(message.data).toString(), key: undefined, headers, partition: 0 })
        }
        return told
      }),
  }
}

const namesInSmall = (headers: Iterable<readonly [unknown, unknown]>): Readonly<Record<string, string>> =>
  Object.fromEntries([...headers].map(([name, value]) => [String(name).toLowerCase(), String(value)]))
