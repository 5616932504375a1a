import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Frame, StoredFrame } from './broker.ts'
import { LogUnavailable } from './event-log.ts'
import { kafkaAddress } from './event-log-kafka-address.ts'
import { KafkaBroker } from './event-log-kafka-broker.ts'
import type { FetchPlan, KafkaClient, KafkaMessage, KafkaTopic, TopicPlan } from './event-log-kafka-client.ts'

/** A client without brokers: each partition has a leader of its own. */
class MemoryClient implements KafkaClient {
  topicId = 'the first'
  /** What the next request for the topic fails with. */
  trouble: Error | undefined
  readonly fetches: FetchPlan[] = []
  readonly #messages: Uint8Array[][] = []
  #settings: ReadonlyMap<string, string> = new Map()

  async topic(): Promise<KafkaTopic | undefined> {
    if (this.trouble !== undefined) throw this.trouble
    if (this.#messages.length === 0) return undefined
    return { id: this.topicId, partitions: this.#messages.map((_, leader) => ({ leader, replicas: 1 })) }
  }

  async makeTopic({ partitions, settings }: TopicPlan): Promise<void> {
    for (let p = 0; p < partitions; p++) this.#messages.push([])
    this.#settings = new Map([...settings, ['max.message.bytes', '1048588'], ['compression.type', 'producer']])
  }

  async settings(): Promise<ReadonlyMap<string, string>> {
    return this.#settings
  }

  async removeBelow(): Promise<void> {}

  async offsets(at: 'first' | 'end' | number): Promise<readonly number[]> {
    return this.#messages.map(({ length }) => (at === 'end' ? length : 0))
  }

  async produce(frames: readonly Frame[]): Promise<ReadonlyMap<number, number>> {
    const firsts = new Map<number, number>()
    for (const { partition, bytes } of frames) {
      const messages = this.#messages[partition]
      if (!firsts.has(partition)) firsts.set(partition, messages.length)
      messages.push(bytes)
    }
    return firsts
  }

  async fetch(plan: FetchPlan): Promise<readonly KafkaMessage[]> {
    this.fetches.push(plan)
    await setImmediate()
    return [...plan.wanted].flatMap(([partition, from]) => {
      if (plan.node !== partition) throw new LogUnavailable('unreachable', 'not the leader')
      const messages = this.#messages[partition]
      if (from > messages.length) throw new LogUnavailable('unreachable', 'out of range')
      return messages.slice(from).map((value, i) => ({ partition, offset: from + i, value }))
    })
  }

  async close(): Promise<void> {}
}

const frame = (partition: number, text: string): Frame => ({ partition, bytes: Buffer.from(text) })
const open = async (client: MemoryClient, partitions = 2): Promise<KafkaBroker> =>
  KafkaBroker.open(kafkaAddress('kafka://a:1/'), partitions, () => client)

describe('the broker of a log on Kafka', () => {
  it('gives one frame at a time, also where each partition has a leader of its own', async () => {
    const broker = await open(new MemoryClient(), 3)
    for (let n = 0; n < 5; n++)
      await broker.publish([0, 1, 2].map((partition) => frame(partition, `${partition}-${n}`)))
    const taken: string[] = []
    const all = Promise.withResolvers<void>()
    let isTaking = false
    const take = async ({ bytes }: StoredFrame): Promise<void> => {
      expect(isTaking).toBe(false)
      isTaking = true
      await setImmediate()
      isTaking = false
      taken.push(Buffer.from(bytes).toString())
      if (taken.length === 15) all.resolve()
    }
    const follower = broker.follow([1, 1, 1], take, all.reject)
    await all.promise
    follower.stop()
    for (const partition of [0, 1, 2])
      expect(taken.filter((text) => text.startsWith(`${partition}-`))).toEqual(
        Array.from({ length: 5 }, (_, n) => `${partition}-${n}`),
      )
    await broker.close()
  })

  it('reads a frame with one request that is as small as what was asked for', async () => {
    const client = new MemoryClient()
    const broker = await open(client)
    await broker.publish([frame(1, 'a'), frame(1, 'b')])
    expect((await broker.read(1, 2, 1)).map(({ sequence }) => sequence)).toEqual([2])
    expect(client.fetches).toEqual([{ lane: 'reader', node: 1, wanted: new Map([[1, 1]]), waitMs: 0, bytesMax: 1 }])
    expect(await broker.read(1, 3, 1)).toEqual([])
    expect(await broker.read(1, 9, 1)).toEqual([])
    await broker.close()
  })

  it('is lost when its topic is another one, and says so by its health (K1)', async () => {
    const client = new MemoryClient()
    const broker = await open(client)
    client.topicId = 'the second'
    const ended = Promise.withResolvers<unknown>()
    broker.follow([1, 1], () => undefined, ended.resolve)
    expect(await ended.promise).toMatchObject({ message: expect.stringContaining('it was removed and made anew') })
    expect(broker.lost?.message).toContain('Give it back from a copy')
    expect(broker.health).toMatchObject({ isReady: false, detail: broker.lost?.message })
    await expect(broker.ends()).rejects.toBeInstanceOf(LogUnavailable)
    await broker.close()
  })

  it('ends with the reason when a mistake that nobody foresaw meets its probe (K2)', async () => {
    const client = new MemoryClient()
    const broker = await open(client)
    client.trouble = new LogUnavailable('unreachable', 'away')
    const ended = Promise.withResolvers<unknown>()
    broker.follow([1, 1], () => undefined, ended.resolve)
    await ended.promise
    expect(broker.health).toMatchObject({ isReady: false, detail: 'away' })
    client.trouble = new TypeError('x is not a function')
    await expect.poll(() => broker.lost?.message, { timeout: 5_000 }).toContain('x is not a function')
    expect(broker.health.isReady).toBe(false)
    await broker.close()
  })

  it('does not send while something is still on its way (K3)', async () => {
    const client = new MemoryClient()
    const broker = await open(client)
    const produce = client.produce.bind(client)
    const held = Promise.withResolvers<void>()
    client.produce = async (frames) => {
      await held.promise
      return produce(frames)
    }
    const first = broker.publish([frame(0, 'first')])
    await expect(broker.publish([frame(0, 'second')])).rejects.toThrow('what was sent before has no answer yet')
    held.resolve()
    expect(await first).toEqual([1])
    expect(await broker.publish([frame(0, 'second')])).toEqual([2])
    expect((await broker.read(0, 1, 1_000)).map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
      'first',
      'second',
    ])
    await broker.close()
  })
})
