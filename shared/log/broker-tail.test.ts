import { afterEach, expect, it } from 'vitest'
import type { Frame } from './broker.ts'
import { encodeFrame, sequenceOf } from './broker-frame.ts'
import { MemoryBroker, MemoryBrokerStorage } from './broker-memory.ts'
import { BrokerTail } from './broker-tail.ts'
import { LogUnavailable } from './event-log.ts'

const tails: BrokerTail[] = []
afterEach(() => {
  for (const tail of tails.splice(0)) tail.stop(new LogUnavailable('closed', 'the test is over'))
})

function frame(partition: number, id: string): Frame {
  const head = { kind: 'event', receivedAt: 1, traceparent: '', partitions: [partition], ids: [id], at: [1] } as const
  const request = { ...head, digests: [1], bodies: [new TextEncoder().encode('{}')] }
  return { partition, bytes: encodeFrame([{ request, index: 0, place: 0 }], 1) }
}

/** With the sequences that `onFrame` gets. */
function tailOf(broker: MemoryBroker, partitions: number): { readonly tail: BrokerTail; readonly taken: number[] } {
  const taken: number[] = []
  const onFrame = (_partition: number, { offset }: { readonly offset: number }): undefined => {
    taken.push(sequenceOf(offset))
  }
  const tail = new BrokerTail({ broker, partitions, onFrame })
  tails.push(tail)
  return { tail, taken }
}

/** It tells where its followers begin. */
class ToldBroker extends MemoryBroker {
  readonly begins: (readonly number[])[] = []

  override follow(...[from, ...rest]: Parameters<MemoryBroker['follow']>): ReturnType<MemoryBroker['follow']> {
    this.begins.push(from)
    return super.follow(from, ...rest)
  }
}

it('where partitions count together, begins all with the newest frame, however old that of an idle one is', async () => {
  const broker = new ToldBroker(new MemoryBrokerStorage({ partitions: 3, countsTogether: true }))
  await broker.publish([frame(0, 'a'), ...Array.from({ length: 50 }, (_, i) => frame(1, `b${i}`))])
  const { tail, taken } = tailOf(broker, 3)
  await tail.start()
  await broker.publish([frame(0, 'c'), frame(1, 'd')])
  await tail.catchUp()
  tail.renew()
  expect(broker.begins).toEqual([
    [51, 51, 51],
    [53, 53, 53],
  ])
  expect(taken).toEqual([52, 53])
})

it('where each partition has its own count, begins each with its own last frame', async () => {
  const broker = new ToldBroker(new MemoryBrokerStorage({ partitions: 3, countsTogether: false }))
  await broker.publish([frame(0, 'a'), ...Array.from({ length: 50 }, (_, i) => frame(1, `b${i}`))])
  await tailOf(broker, 3).tail.start()
  expect(broker.begins).toEqual([[1, 50, 1]])
})

it.each([true, false])(
  'takes what is appended while it looks for the last frame, with counts together: %s (T1)',
  async (countsTogether) => {
    /** Another process appends before it is asked for the last frame. */
    class BusyBroker extends MemoryBroker {
      override async last(partition: number): ReturnType<MemoryBroker['last']> {
        await this.publish([frame(partition, 'b'), frame(partition, 'c')])
        return super.last(partition)
      }
    }
    const broker = new BusyBroker(new MemoryBrokerStorage({ partitions: 1, countsTogether }))
    await broker.publish([frame(0, 'a')])
    const { tail, taken } = tailOf(broker, 1)
    expect(await tail.start()).toEqual([2])
    await broker.publish([frame(0, 'd')])
    await tail.catchUp()
    expect(taken).toEqual([2, 3, 4])
  },
)
