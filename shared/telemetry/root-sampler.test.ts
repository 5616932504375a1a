import { describe, expect, it } from 'vitest'
import { rootSampler } from './root-sampler.ts'

const ids = Array.from({ length: 10_000 }, (_, i) =>
  Math.imul(i + 1, 0x9e3779b1)
    .toString(16)
    .replace('-', '')
    .padStart(8, '0'),
)

/** How many of 10,000 traces it follows, and what it complains about. */
function followed(environment: Readonly<Record<string, string>>): {
  readonly count: number
  readonly mistakes: string[]
} {
  const mistakes: string[] = []
  const samples = rootSampler(environment, (text) => mistakes.push(text))
  return { count: ids.filter((id) => samples(id.padEnd(32, '0'))).length, mistakes }
}

describe('traces that begin here', () => {
  it.each([
    [{}, 10_000],
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, 0],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, 0],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_on' }, 10_000],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, 0],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio' }, 10_000],
  ])('are followed by these variables: %o', (environment, count) => {
    expect(followed(environment)).toEqual({ count, mistakes: [] })
  })

  it('are followed one in so many', () => {
    const { count } = followed({ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' })
    expect(count).toBeGreaterThan(0)
    expect(count).toBeLessThan(1_000)
  })

  it.each([
    [{ OTEL_TRACES_SAMPLER: 'sometimes' }, 'OTEL_TRACES_SAMPLER is "sometimes"'],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' }, 'OTEL_TRACES_SAMPLER_ARG is "2"'],
  ])('are all followed where that cannot be read, which is told: %o', (environment, start) => {
    const { count, mistakes } = followed(environment)
    expect({ count, mistakes }).toEqual({ count: 10_000, mistakes: [expect.stringContaining(start)] })
  })
})
