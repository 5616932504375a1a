import { expect, it } from 'vitest'
import { Batch } from './batch.ts'
import { backoffMs, deliver } from './delivery.ts'

it('waits from 100 ms to 5 s, half of it by chance', () => {
  const waits = (random: number) => [1, 2, 3, 6, 7, 1_000].map((failures) => backoffMs(failures, () => random))
  expect(waits(0)).toEqual([50, 100, 200, 1_600, 2_500, 2_500])
  expect(waits(1)).toEqual([100, 200, 400, 3_200, 5_000, 5_000])
})

it('tries no longer than it may, whatever Retry-After asks for, but once more at the end', async () => {
  const bytes = Buffer.from('{}')
  const lines = { bytes, length: 1, starts: Int32Array.of(0), ends: Int32Array.of(2) }
  let attempts = 0
  const delivered = deliver(Batch.ofLines(lines, [0], Float64Array.of(1)), {
    post: async () => ({ status: ++attempts && 503, retryAfter: '3600', body: '' }),
    giveUpAfterMs: 30,
    signal: new AbortController().signal,
    onFailure: () => {},
    random: () => 0,
  })
  await expect(delivered).rejects.toThrow('given up after 30ms: answer 503')
  expect(attempts).toBe(2)
})
