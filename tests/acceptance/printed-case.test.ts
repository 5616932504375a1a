// What a failed property prints is pasted into a shell by a person, so it must run as it stands.
import { afterAll, expect, it } from 'vitest'
import type { Step } from '../../shared/cep/pattern.ts'
import { replayText } from '../../shared/cep/testing/disagreement.ts'
import { type Alert, parseLines, shell, Workspace } from '../support/vigil-command.ts'

const workspace = new Workspace()
afterAll(() => workspace.close())

const step: Step = {
  ...{ kind: 'step', name: 's0', contiguity: 'begin', where: 0, times: null, inner: 'relaxed' },
  ...{ optional: false, greedy: false, until: -1, gapMs: null, withinMs: null },
}

it('gives the matches of the case, also those that time alone completes', { timeout: 60_000 }, async () => {
  const text = replayText({
    pattern: {
      steps: [step, { ...step, name: 's1', contiguity: 'notFollowedBy' }],
      withinMs: 4,
      skip: { strategy: 'past-last' },
    },
    conditions: [{ merchants: ['shop'], limit: null }],
    cards: [
      { merchant: 'shop', amount: 1, at: 0 },
      { merchant: 'shop', amount: 1, at: 3 },
    ],
    until: 7,
  })
  const { code, stdout, stderr } = await shell(`cd "$1" && ${text.replace('npx vigil', 'vigil')}`, workspace.path('.'))
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect(parseLines<Alert>(stdout).map(({ key, at, steps }) => ({ key, at, steps }))).toEqual([
    { key: 'A', at: '1970-01-01T00:00:00.007Z', steps: { s0: ['2'] } },
  ])
})
