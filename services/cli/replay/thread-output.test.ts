import { expect, it } from 'vitest'
import { firstPlace, lastPlace, placeBefore } from './place.ts'
import type { ReplayState } from './replay.ts'
import type { FromThread } from './thread-messages.ts'
import { ThreadOutput } from './thread-output.ts'

const state = (at: number): ReplayState => ({
  doing: 'judging',
  done: 1,
  total: 1,
  resultsBefore: placeBefore(at),
  deadLettersBefore: lastPlace,
  seenBefore: placeBefore(at),
})

function outputOf(keepsDeadLetters = true): {
  output: ThreadOutput
  found: () => Extract<FromThread, { kind: 'found' }>[]
} {
  const sent: FromThread[] = []
  const output = new ThreadOutput({ send: (message) => sent.push(message), now: () => 0, keepsDeadLetters })
  return { output, found: () => sent.splice(0).filter((message) => message.kind === 'found') }
}

const megabyte = 'x'.repeat(2 ** 20)

it('waits where too much is under way, and goes on once it is taken', async () => {
  const { output, found } = outputOf()
  for (let i = 0; i < 20; i++) output.result(megabyte, placeBefore(i))
  const paused = output.pause(state(20))
  // It sends as long as it does not wait for anybody.
  await new Promise((resolve) => setImmediate(resolve))
  const first = found()
  expect(first.length).toBeLessThan(18)
  // What was sent is before the place that it came with: no line waits for another of its own thread.
  expect(first.map(({ state: { resultsBefore } }) => resultsBefore.at)).toEqual(first.map((_, i) => i + 1))
  output.taken(first.reduce((sum, { weight }) => sum + weight, 0))
  await paused
  expect(first.length + found().length).toBe(20)
})

it('sends what is left at the end, up to the last place', async () => {
  const { output, found } = outputOf()
  await output.pause(state(1))
  output.result('a', placeBefore(1))
  await output.finish()
  const [, last] = found()
  expect(last).toMatchObject({
    results: { lines: { text: 'a' } },
    state: { resultsBefore: lastPlace, seenBefore: lastPlace },
  })
})

it('sends no dead letters that nobody keeps', async () => {
  const { output, found } = outputOf(false)
  output.deadLetter('a', firstPlace)
  await output.pause(state(1))
  expect(found()).toMatchObject([{ deadLetters: undefined }])
  expect(output.deadLetters).toBe(0)
})
