// A bank's own streams on real brokers, as sources of Vigil read them.
import { setTimeout } from 'node:timers/promises'
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { Admin, Consumer, Producer } from '@platformatic/kafka'

export interface BankMessage {
  readonly body: string | Buffer
  readonly traceparent?: string
}

/** One stream that a bank writes to. It connects anew for each call, so that the broker may go in between. */
export interface BankStream {
  /** As `from` of a source has it. */
  readonly from: string
  create(): Promise<void>
  /** Resolves when the broker has all of them. */
  publish(messages: readonly BankMessage[]): Promise<void>
  /** Messages that the source `name` has not told done yet. */
  left(name: string): Promise<number>
}

/** @param url `host:port` */
export function kafkaStream(url: string, topic: string, partitions = 2): BankStream {
  const base = { clientId: 'bank', bootstrapBrokers: [url.replace(/^kafka:\/\//, '')], retries: 20, retryDelay: 200 }
  return {
    from: `kafka://${base.bootstrapBrokers[0]}/${topic}`,
    create: () =>
      closing(new Admin(base), async (admin) => {
        await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
      }),
    publish: (messages) =>
      // A try of which a part was written is tried again whole: doubled, unless the broker knows what it has.
      closing(new Producer({ ...base, idempotent: true }), async (producer) => {
        for (let i = 0; i < messages.length; i += atOnce)
          await producer.send({
            acks: -1,
            messages: messages.slice(i, i + atOnce).map(({ body, traceparent }, m) => ({
              topic,
              partition: (i + m) % partitions,
              value: Buffer.from(body),
              ...(traceparent === undefined
                ? {}
                : { headers: new Map([[Buffer.from('traceparent'), Buffer.from(traceparent)]]) }),
            })),
          })
      }),
    left: (name) =>
      closing(new Consumer({ ...base, groupId: `vigil-${name}` }), async (consumer) => {
        const all = Array.from({ length: partitions }, (_, partition) => partition)
        const ends = (await consumer.listOffsets({ topics: [topic], partitions: { [topic]: all } })).get(topic) ?? []
        const done = (await consumer.listCommittedOffsets({ topics: [{ topic, partitions: all }] })).get(topic) ?? []
        return ends.reduce((left, end, partition) => left + Number(end) - Math.max(0, Number(done[partition] ?? 0n)), 0)
      }),
  }
}

/** @param url `nats://host:port` */
export function natsStream(url: string, stream: string): BankStream {
  const connected = async <T>(work: (client: NatsConnection) => Promise<T>): Promise<T> => {
    for (let tries = 0; ; tries++) {
      const client = await connect({ servers: url, reconnect: false }).catch((error: unknown) => {
        if (tries === 50) throw error
        return undefined
      })
      if (client !== undefined) return closing(client, work)
      await setTimeout(100)
    }
  }
  return {
    from: `${url.replace(/\/$/, '')}/${stream}?subject=${stream}.>`,
    create: () =>
      connected(async (client) => {
        await (await jetstreamManager(client)).streams.add({ name: stream, subjects: [`${stream}.>`] })
      }),
    publish: (messages) =>
      connected(async (client) => {
        const js = jetstream(client)
        for (let i = 0; i < messages.length; i += atOnce)
          await Promise.all(
            messages.slice(i, i + atOnce).map(({ body, traceparent }) => {
              const made = headers()
              if (traceparent !== undefined) made.set('traceparent', traceparent)
              return js.publish(`${stream}.payments`, Buffer.from(body), { headers: made })
            }),
          )
      }),
    left: (name) =>
      connected(async (client) => {
        const { num_pending, num_ack_pending, config } = await (await jetstreamManager(client)).consumers.info(
          stream,
          `vigil-${name}`,
        )
        if (config.ack_policy !== AckPolicy.Explicit) throw new Error('the consumer keeps no position')
        return num_pending + num_ack_pending
      }),
  }
}

async function closing<Client extends { close(): Promise<unknown> }, T>(
  client: Client,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

const atOnce = 500
