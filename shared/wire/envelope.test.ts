import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseTimestamp } from '#shared/domain/time'
import { readAt } from './envelope.ts'

it('reads the times that parseTimestamp reads, as it does', () => {
  const two = (max: number) => fc.nat(max).map((n) => String(n).padStart(2, '0'))
  const year = fc.integer({ min: 1960, max: 2210 }).map(String)
  const fraction = fc.constantFrom('', '.5', '.123', '.1239', '.12a')
  const zone = fc.constantFrom('Z', 'z', '+01:00', '', 'ZZ')
  const written = fc
    .tuple(year, two(13), two(32), two(25), two(61), two(61), fraction, zone)
    .map(([y, mo, d, h, mi, s, f, z]) => `${y}-${mo}-${d}T${h}:${mi}:${s}${f}${z}`)
  fc.assert(
    fc.property(fc.oneof(written, fc.string(), fc.double(), fc.integer()), (value) => {
      expect(readAt(value)).toBe(parseTimestamp(value))
    }),
    { numRuns: 20_000, seed: 1 },
  )
})

it('reads every day from 1970 to 2199', () => {
  for (let ms = 0; ms < Date.UTC(2200, 0, 1); ms += 86_400_000) {
    const text = new Date(ms + 1).toISOString()
    if (readAt(text) !== ms + 1) expect(readAt(text)).toBe(ms + 1)
  }
})
