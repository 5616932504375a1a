import { describe, expect, it, vi } from 'vitest'
import { MemoryEventLog, MemoryLogStorage } from '#shared/log/event-log-memory'
import type { Commit } from '#shared/protocol/commit'
import type { LogBlock } from '#shared/protocol/log-record'
import { MemoryCheckpointStore } from '#shared/store/checkpoint-store-memory'
import type { ExponentialCounts } from '#shared/telemetry/exponential-counts'
import type { HistogramMetric, NumberMetric } from '#shared/telemetry/metric-names'
import { MetricSamples } from '#shared/telemetry/metric-samples'
import { type HostedOwner, type LoopCommand, type OwnerView, unseen } from './hosted-owner.ts'
import { PartitionMeter } from './partition-meter.ts'

const now = 100_000

/** An owner that is wherever the test puts it. */
class PlacedOwner implements HostedOwner {
  view: OwnerView = { ...unseen, isReady: true, now: 40_000 }
  #execute: (commands: readonly LoopCommand[]) => void = () => {}

  start(execute: (commands: readonly LoopCommand[]) => void): void {
    this.#execute = execute
  }

  handle(): void {}
  end(): void {}

  /** It has applied the log up to here. */
  comesTo(view: Partial<OwnerView>): void {
    this.view = { ...this.view, ...view }
    this.#execute([])
  }
}

function metered(deliver: () => Promise<void> = async () => {}) {
  vi.useFakeTimers({ now, toFake: ['Date'] })
  const owner = new PlacedOwner()
  const checkpoints = new MemoryCheckpointStore()
  const log = new MemoryEventLog({ storage: new MemoryLogStorage(1), latenessMs: 1 })
  const meter = new PartitionMeter({
    partition: 0,
    owner,
    log,
    checkpoints,
    deliver,
    memoryBytesMax: 1_000,
    appended: () => 9,
  })
  meter.owner.start(
    () => {},
    () => {},
  )
  const read = async () => {
    const samples = await MetricSamples.of([meter])
    return {
      number: (name: NumberMetric, labels = {}): number | undefined =>
        samples.numbers
          .get(name)
          ?.find((sample) => Object.entries(labels).every(([label, text]) => sample.labels[label] === text))?.value,
      histogram: (name: HistogramMetric): ExponentialCounts | undefined => samples.histograms.get(name)?.[0].counts,
    }
  }
  return { owner, meter, read, checkpoints }
}

/** Records at offsets from 5 on, received at these times. @param kinds as in `recordKinds` */
const block = (receivedAt: readonly number[], kinds: readonly number[] = receivedAt.map(() => 0)): LogBlock => ({
  length: receivedAt.length,
  offsets: receivedAt.map((_, i) => 5 + i),
  kinds,
  receivedAt,
  traceparents: receivedAt.map(() => ''),
  bytes: new Uint8Array(),
  starts: receivedAt.map(() => 0),
  ends: receivedAt.map(() => 0),
})

const commit = (position: number): Commit => ({
  partition: 0,
  epoch: 1,
  id: `c${position}`,
  previous: undefined,
  manifest: { id: `c${position}`, position, tailDigest: 0, owner: new Uint8Array() },
  actors: [],
  stagedParts: 0,
  outbox: [{ number: 1, bytes: new Uint8Array(700) }],
  deliveredUpTo: 0,
  droppedGenerations: [],
})

describe('what is measured of a partition', () => {
  it('is how long events waited for their judgement: first judgements alone, once each', async () => {
    const { owner, meter, read } = metered()
    meter.owner.handle({
      kind: 'records',
      block: block([now - 4_000, now - 1_000, now - 1_000, now - 500], [0, 1, 5, 2]),
    })
    expect((await read()).number('vigil.partition.lag')).toBe(4)
    owner.comesTo({ position: 5 })
    expect((await read()).number('vigil.partition.lag')).toBe(1)
    owner.comesTo({ position: 8 })
    const { number, histogram } = await read()
    expect(number('vigil.partition.lag')).toBe(0)
    expect(histogram('vigil.event.latency')).toMatchObject({ count: 2, sum: 5, min: 1, max: 4 })
  })

  it('leaves out what comes before the partition is at the end of its log, and what it knows already', async () => {
    const { owner, meter, read } = metered()
    owner.comesTo({ isReady: false })
    meter.owner.handle({ kind: 'records', block: block([now - 9_000]) })
    owner.comesTo({ isReady: true, position: 5 })
    meter.owner.handle({ kind: 'records', block: block([now - 9_000]) })
    owner.comesTo({ position: 6 })
    expect((await read()).histogram('vigil.event.latency')).toMatchObject({ count: 0 })
  })

  it('is how far it is behind: the log, the clock, its checkpoint', async () => {
    const { owner, meter, read, checkpoints } = metered()
    await checkpoints.claim(0, 1)
    owner.comesTo({ position: 7, committedPosition: 4 })
    vi.setSystemTime(now + 2_000)
    const before = await read()
    expect(before.number('vigil.partition.lag.records')).toBe(2)
    expect(before.number('vigil.partition.event_time.delay')).toBe(62)
    expect(before.number('vigil.checkpoint.lag.records')).toBe(3)
    expect(before.number('vigil.checkpoint.age')).toBe(2)
    await meter.checkpoints.commit(commit(7))
    owner.comesTo({ committedPosition: 7 })
    const after = await read()
    expect(after.number('vigil.checkpoint.age')).toBe(0)
    expect(after.histogram('vigil.checkpoint.size')).toMatchObject({ count: 1, sum: 700 })
    expect(after.histogram('vigil.checkpoint.duration')).toMatchObject({ count: 1 })
  })

  it('is how often its owner began, and the reader of its log was made anew', async () => {
    const { meter, read } = metered()
    const nothing = (): void => {}
    meter.owner.start(nothing, nothing)
    meter.log.renewReader()
    const { number } = await read()
    expect(number('vigil.partition.starts')).toBe(2)
    expect(number('vigil.partition.renewals')).toBe(1)
  })

  it('is what fails outside and is tried again, by cause', async () => {
    const { meter, read } = metered(() => Promise.reject(new Error('the store is away')))
    await expect(meter.deliver([])).rejects.toThrow('the store is away')
    const { number, histogram } = await read()
    expect(number('vigil.partition.retries', { cause: 'alert-store' })).toBe(1)
    expect(number('vigil.partition.retries', { cause: 'log-write' })).toBe(0)
    expect(histogram('vigil.delivery.duration')).toMatchObject({ count: 0 })
  })
})
