import { beforeAll, describe, expect, it } from 'vitest'
import { faultKinds } from './faults.ts'
import { reportOf } from './report.ts'
import { shrink } from './shrink.ts'
import { type Run, Simulator } from './simulate.ts'
import { VirtualCheckpointStore } from './virtual-checkpoint-store.ts'
import { soundParts } from './world.ts'

/** What takes longer is the command's: `vigil simulate --seed 1 --seeds 20000`. */
const seeds = 500

describe('worlds of many seeds', () => {
  const runs: Run[] = []
  const steps = new Map<string, number>()
  beforeAll(() => {
    const simulator = new Simulator()
    for (let seed = 1; seed <= seeds; seed++) runs.push(simulator.check(seed))
    for (let seed = 1; seed <= 60; seed++)
      for (const step of simulator.run(seed, { keepsSteps: true, compares: false }).steps) {
        const kind = step.replace(/^[\d.]+ (\w+ \d+ \(\d+\)|the bank): /, '').replace(/ [\d:/].*$/, '')
        steps.set(kind, (steps.get(kind) ?? 0) + 1)
      }
  }, 300_000)

  it('break no invariant, and do the same twice', () => {
    expect(runs.filter(({ broken }) => broken !== undefined).map(({ seed, broken }) => ({ seed, broken }))).toEqual([])
    expect(new Set(runs.map(({ hash }) => hash)).size).toBe(seeds)
  })

  it.each([9098, 8337, 11960])('keep what broke once: seed %i', (seed) => {
    expect(new Simulator().run(seed).broken).toBeUndefined()
  })

  it.each(Object.keys(faultKinds))('have faults of every kind: %s', (kind) => {
    expect(runs.filter(({ faults }) => faults.some((fault) => fault.kind === kind)).length).toBeGreaterThan(20)
  })

  it('find something in most of them', () => {
    expect(runs.filter(({ counts }) => counts.entries > 3).length).toBeGreaterThan(seeds * 0.8)
  })

  it.each([
    'claim',
    'commit',
    'stage',
    'load',
    'marked',
    'outbox',
    'deliver',
    'snapshots',
    'restore',
    'append claim',
    'append ruleset',
    'append tick',
    'ends (fenced',
    'ends (conflict',
    'ends (log-regression',
    'the log loses',
  ])('come to every part of the protocol: %s', (step) => {
    expect([...steps.keys()].some((kind) => kind.includes(step))).toBe(true)
  })
})

describe('a world that breaks an invariant', () => {
  class UnfencedStore extends VirtualCheckpointStore {
    protected override isFenced(): boolean {
      return false
    }
  }
  const simulator = new Simulator({ ...soundParts, checkpoints: () => new UnfencedStore() })
  const firstBroken = (): Run => {
    for (let seed = 1; seed < 500; seed++) {
      const run = simulator.run(seed)
      if (run.broken !== undefined) return run
    }
    throw new Error('no seed breaks anything')
  }

  it('is made smaller, and told with what it takes to see it again', () => {
    const run = firstBroken()
    const shortest = shrink(simulator, run)
    expect(shortest.broken?.invariant).toBe('fence')
    const size = ({ faults, payments }: Run): number => faults.length + payments.length
    expect(size(shortest)).toBeLessThan(size(run) / 2)
    expect(shortest.tries).toBeLessThanOrEqual(400)
    const report = reportOf(run, shortest)
    expect(report).toContain(`seed ${run.seed} breaks an invariant`)
    expect(report).toContain('fence: of those who claimed only the last commits')
    expect(report).toContain(`again: npx vigil simulate --seed ${run.seed}`)
    for (const { name } of shortest.faults) expect(report.split(name).length).toBeGreaterThan(2)
  }, 60_000)
})
