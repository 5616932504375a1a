import { describe, expect, it, vi } from 'vitest'
import { MetricSamples } from '#shared/telemetry/metric-samples'
import type { LogFields, ServiceLog } from '#shared/telemetry/service-log'
import { ServiceWatch } from './service-watch.ts'

function watched() {
  const state = { reasons: [] as string[], faults: 0, cardLetters: 0, coreLetters: 0 }
  const lines: [string, LogFields | undefined][] = []
  const tell = (message: string, fields?: LogFields): void => void lines.push([message, fields])
  const log: ServiceLog = { info: tell, warn: tell, error: (message) => tell(message) }
  const metricSamples = async (): Promise<MetricSamples> => {
    const samples = new MetricSamples()
    samples.number('vigil.rule.faults', state.faults, { rule: 'large', reason: 'out-of-fuel' })
    samples.number('vigil.dead_letters', state.cardLetters, { source: 'cards', reason: 'bad-json' })
    samples.number('vigil.dead_letters', state.coreLetters, { source: 'core', reason: 'bad-json' })
    return samples
  }
  const watch = new ServiceWatch({ unready: () => state.reasons, metricSamples }, log)
  /** Looks for as long as it takes to look at the counts. */
  const look = async (): Promise<void> => {
    for (let i = 0; i < 60; i++) watch.look()
    await vi.waitFor(() => undefined)
  }
  return { state, lines, look }
}

describe('what the log is told of the service', () => {
  it('is whether it is ready, once for each change', async () => {
    const { state, lines, look } = watched()
    await look()
    await look()
    state.reasons = ['the log cannot be written']
    await look()
    expect(lines).toEqual([
      ['ready', undefined],
      ['not ready', { reasons: ['the log cannot be written'] }],
    ])
  })

  it('is how many faults and dead letters have come since it was told last', async () => {
    const { state, lines, look } = watched()
    state.faults = 2
    await look()
    Object.assign(state, { faults: 5, cardLetters: 1 })
    await look()
    await look()
    expect(lines.slice(1)).toEqual([
      [expect.stringContaining('a rule fails'), { rule: 'large', reason: 'out-of-fuel', count: 2 }],
      [expect.stringContaining('a rule fails'), { rule: 'large', reason: 'out-of-fuel', count: 3 }],
      [expect.stringContaining('no event'), { source: 'cards', reason: 'bad-json', count: 1 }],
    ])
  })

  it('is of each source by itself: a dead letter of one is told once, whatever the others have', async () => {
    const { state, lines, look } = watched()
    Object.assign(state, { cardLetters: 1, coreLetters: 5 })
    await look()
    await look()
    state.coreLetters = 6
    await look()
    expect(lines.slice(1).map(([, fields]) => fields)).toEqual([
      { source: 'cards', reason: 'bad-json', count: 1 },
      { source: 'core', reason: 'bad-json', count: 5 },
      { source: 'core', reason: 'bad-json', count: 1 },
    ])
  })
})
