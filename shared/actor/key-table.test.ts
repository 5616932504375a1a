import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '#shared/generator/random'
import { hashOf, KeyTable } from './key-table.ts'

describe('the table of keys', () => {
  it('numbers keys as they come, past its first capacity too', () => {
    const table = new KeyTable()
    const keys = Array.from({ length: 5_000 }, (_, i) => `account-${i}`)
    expect(keys.map((key) => table.add(key))).toEqual(keys.map((_, i) => i))
    expect(keys.every((key, i) => table.find(key) === i && table.key(i) === key)).toBe(true)
    expect(table.find('account-5000')).toBe(-1)
    expect(table.size).toBe(5_000)
    // Reading ahead may miss a key that is not in its first place; never most of them.
    expect(keys.filter((key, i) => table.guess(hashOf(key)) === i).length).toBeGreaterThan(3_500)
  })

  it('agrees with a map, whatever is added and removed, and gives removed slots again (K1)', () => {
    // Few keys and many removals, so that probes run over holes.
    const steps = fc.array(fc.tuple(fc.nat(1_500), fc.boolean()), { minLength: 1_500, maxLength: 3_000 })
    fc.assert(
      fc.property(steps, (all) => {
        const table = new KeyTable()
        const known = new Map<string, number>()
        // The next few keys begin a larger table, so that much is removed while pairs move there.
        for (let i = 0; i < 505; i++) known.set(`k${2 * i}`, table.add(`k${2 * i}`))
        for (const [number, isRemoval] of all) {
          const key = `k${number}`
          const slot = known.get(key)
          expect(table.find(key)).toBe(slot ?? -1)
          if (slot === undefined) {
            const given = table.add(key)
            expect([...known.values()].includes(given)).toBe(false)
            known.set(key, given)
          } else if (isRemoval) {
            table.remove(slot)
            known.delete(key)
          }
        }
        for (const [key, slot] of known) expect(table.find(key)).toBe(slot)
        expect(table.size).toBe(known.size)
      }),
      { numRuns: Math.ceil(Number(process.env['VIGIL_TEST_CASES'] ?? 200) / 50) },
    )
  })

  it('loses no key that is pushed back while its table is followed by a larger one (K1)', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new Random(seed)
      const table = new KeyTable()
      const keys: string[] = []
      let made = 0
      const add = (): void => {
        keys.push(`${seed} ${made++}`)
        table.add(keys[keys.length - 1])
      }
      for (let i = 0; i < 511; i++) add()
      // The next one begins the larger table. Six leave for each that comes, so that many move back across those already moved.
      for (let i = 0; i < 64; i++) {
        add()
        for (let k = 0; k < 6; k++) table.remove(table.find(keys.splice(random.integer(0, keys.length - 1), 1)[0]))
      }
      for (let i = 0; i < 20; i++) add()
      expect(keys.filter((key) => table.find(key) < 0)).toEqual([])
    }
  })
})
