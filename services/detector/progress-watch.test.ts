import { describe, expect, it } from 'vitest'
import { ProgressWatch, type Standing, stallMs } from './progress-watch.ts'

const stuck: Standing = { isBehind: true, progress: '7', isFree: true }

/** A watch over one partition, looked at every second; what it says, by the second since the first look. */
function watched(standingAt: (second: number) => Standing, seconds: number): ReadonlyMap<number, string> {
  const watch = new ProgressWatch(1)
  const said = new Map<number, string>()
  for (let second = 0; second <= seconds; second++) {
    const [verdict] = watch.look(second * 1_000, [standingAt(second)])
    if (verdict !== 'fine') said.set(second, verdict)
  }
  return said
}

describe('the watch on partitions', () => {
  it('lets the reader be made anew after 30 s of standing still, and gives up after 30 s more, each once', () => {
    expect(watched(() => stuck, 200)).toEqual(
      new Map([
        [30, 'renew'],
        [60, 'give-up'],
      ]),
    )
  })

  it('begins again with every step forward', () => {
    const stepsAt = (...seconds: number[]) =>
      watched((second) => ({ ...stuck, progress: String(seconds.filter((each) => each <= second).length) }), 120)
    expect(stepsAt(29, 58, 87, 116)).toEqual(new Map())
    expect(stepsAt(40)).toEqual(
      new Map([
        [30, 'renew'],
        [70, 'renew'],
        [100, 'give-up'],
      ]),
    )
  })

  it('says nothing of a partition that has all its records', () => {
    expect(watched(() => ({ ...stuck, isBehind: false }), 200)).toEqual(new Map())
    expect(watched((second) => ({ ...stuck, isBehind: second % 25 !== 0 }), 200)).toEqual(new Map())
  })

  it('does not count while something that it waits for is away, and goes on counting afterwards (W1)', () => {
    expect(watched((second) => ({ ...stuck, isFree: second < 20 || second >= 520 }), 600)).toEqual(
      new Map([
        [530, 'renew'],
        [560, 'give-up'],
      ]),
    )
  })

  it('counts two seconds at most of any time in which nobody looked (W2)', () => {
    const watch = new ProgressWatch(1)
    watch.look(0, [stuck])
    for (let i = 1; i < stallMs / 2_000; i++) expect(watch.look(i * 3_600_000, [stuck])).toEqual(['fine'])
    expect(watch.look(1e9, [stuck])).toEqual(['renew'])
  })

  it('watches each partition for itself', () => {
    const watch = new ProgressWatch(2)
    for (let second = 0; second < 30; second++)
      expect(watch.look(second * 1_000, [stuck, { ...stuck, progress: String(second) }])).toEqual(['fine', 'fine'])
    expect(watch.look(30_000, [stuck, { ...stuck, progress: '30' }])).toEqual(['renew', 'fine'])
  })
})
