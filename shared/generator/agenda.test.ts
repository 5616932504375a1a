import { describe, expect, it } from 'vitest'
import { Agenda } from './agenda.ts'
import { Random } from './random.ts'

describe('Agenda', () => {
  it('is empty at first', () => {
    expect(new Agenda().at).toBe(Number.POSITIVE_INFINITY)
  })

  it('prefers the lower agent at equal times', () => {
    const agenda = new Agenda()
    for (const agent of [5, 2, 9]) agenda.add(10, agent)
    expect(agenda.agent).toBe(2)
  })

  it('agrees with a sorted list, whatever is added, replaced and removed', () => {
    const random = new Random(5)
    const agenda = new Agenda(2)
    const list: { at: number; agent: number }[] = []
    for (let i = 0; i < 5_000; i++) {
      const at = random.integer(0, 50)
      const draw = random.unit()
      if (list.length === 0 || draw < 0.4) {
        agenda.add(at, i)
        list.push({ at, agent: i })
      } else if (draw < 0.7) {
        agenda.replace(at)
        list[0] = { at, agent: list[0].agent }
      } else {
        agenda.remove()
        list.shift()
      }
      list.sort((a, b) => a.at - b.at || a.agent - b.agent)
      expect(agenda.length).toBe(list.length)
      if (list.length > 0) expect({ at: agenda.at, agent: agenda.agent }).toEqual(list[0])
    }
  })
})
