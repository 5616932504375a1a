import { afterEach, describe, expect, it, vi } from 'vitest'
import { simulateCommand } from './simulate-command.ts'

describe('vigil simulate', () => {
  const written: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text))
    return true
  })
  afterEach(() => void written.splice(0))

  it('says in one line how a seed went, and the same again', async () => {
    expect(await simulateCommand.run(['--seed', '7'])).toBe(0)
    expect(await simulateCommand.run(['--seed', '7'])).toBe(0)
    const [first, second] = written
    expect(first).toMatch(
      /^seed 7: all invariants hold; \d+ faults, \d+ records, \d+ commits, \d+ alerts and decisions\n$/,
    )
    expect(second).toBe(first)
  })

  it('runs several seeds from the first one on', async () => {
    expect(await simulateCommand.run(['--seed', '11', '--seeds', '3'])).toBe(0)
    expect(written.join('')).toMatch(/^seeds 11 to 13: all invariants hold; .*\n$/)
  })

  it.each([[[]], [['--seed', 'x']], [['--seed', '1', '--seeds', '0']], [['--sed', '1']]])(
    'does not start with %j',
    async (args) => {
      await expect(simulateCommand.run(args)).rejects.toThrow(/--see?ds?/)
      expect(written).toEqual([])
    },
  )
})
