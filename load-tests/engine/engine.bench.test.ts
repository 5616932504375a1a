import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { planPopulation } from '#shared/features/plan-population'
import { Random } from '#shared/generator/random'
import type { Figure } from './figure.ts'
import { ruleFiles, ruleSetOf } from './rule-sets.ts'
import { Zipf } from './zipf.ts'

describe('the benchmarks of the engine', () => {
  it('run in the quick size, and every figure is a number', { timeout: 60_000 }, async () => {
    const script = fileURLToPath(new URL('engine.bench.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [script, '--quick', '--json'])
    const figures: Figure[] = JSON.parse(stdout)
    expect(figures.filter(({ values }) => values.length === 0 || !values.every(Number.isFinite))).toEqual([])
    for (const what of ['JSON.parse: whole', 'scanner: whole', 'a hundred rules beside ten', 'all', 'longest batch'])
      expect(figures.some(({ name }) => name.includes(what))).toBe(true)
    for (const newer of [0, 1024]) expect(figures.some(({ name }) => name.includes(`behind ${newer} newer`))).toBe(true)
    expect(figures.findLast(({ name }) => name.includes('brought back'))?.values[0]).toBeGreaterThan(0)
    expect(figures.some(({ name }) => name.includes('beside a tenth of the accounts'))).toBe(true)
  })

  it('use ten conditions with 12 features and two patterns, and a hundred conditions with 74', async () => {
    const count = async (name: 'ten' | 'ten-unmoved' | 'hundred') => {
      const { rules, events } = ruleSetOf(await ruleFiles(name))
      const isPattern = rules.filter(({ body }) => body.kind === 'pattern').length
      const { features } = planPopulation({ events, key: 0, types: [0], rules })
      return [rules.length - isPattern, isPattern, features.length]
    }
    expect(await count('ten')).toEqual([10, 2, 12])
    expect(await count('ten-unmoved')).toEqual([10, 2, 12])
    expect(await count('hundred')).toEqual([100, 2, 74])
  })

  it('draw accounts so that the first of a thousand has a share of one in 7.485', () => {
    const random = new Random(1)
    const zipf = new Zipf(1_000)
    const counts = new Float64Array(1_001)
    for (let i = 0; i < 200_000; i++) counts[zipf.draw(random)]++
    for (const rank of [1, 2, 10]) expect(counts[rank] / 200_000).toBeCloseTo(1 / rank / 7.485, 2)
    expect(counts[0]).toBe(0)
  })
})
