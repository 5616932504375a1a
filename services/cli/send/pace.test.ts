import { expect, it } from 'vitest'
import { Pace } from './pace.ts'

it('a row is due by the clock since the start: what is overdue goes at once, and the rest keeps its time', async () => {
  let now = 5_000
  const pace = new Pace(
    100,
    () => now,
    async (ms) => {
      now += ms
      return true
    },
  )
  const sentAt: number[] = []
  for (let batch = 0; batch < 7; batch++) {
    await pace.due(batch * 10, new AbortController().signal)
    sentAt.push(now - 5_000)
    // The second answer takes long, the others a little.
    now += batch === 1 ? 310 : 7
  }
  expect(sentAt).toEqual([0, 100, 410, 417, 424, 500, 600])
})
