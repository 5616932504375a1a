import { describe, expect, it, test } from 'vitest'
import { judged, problemsOf, type World } from '../../tests/support/expressions.ts'

describe('functions of texts count code points', () => {
  test.each<[string, World, unknown]>([
    ['channel.contains("os")', { channel: 'pos' }, 1],
    ['channel.startsWith("po")', { channel: 'pos' }, 1],
    ['channel.endsWith("po")', { channel: 'pos' }, 0],
    ['size(channel)', { channel: 'Zürich 😀' }, 8],
    ['channel.size()', { channel: '' }, 0],
    ['channel.indexOf("c")', { channel: '😀abc' }, 3],
    ['channel.indexOf("x")', { channel: 'abc' }, -1],
    ['channel.charAt(1)', { channel: '😀b' }, 'b'],
    ['channel.charAt(2)', { channel: '😀b' }, undefined],
    ['channel.substring(1)', { channel: '😀bc' }, 'bc'],
    ['channel.substring(1, 2)', { channel: '😀bc' }, 'b'],
    ['channel.substring(2, 1)', { channel: 'abc' }, undefined],
    ['channel.substring(0, 4)', { channel: 'abc' }, undefined],
    ['channel.trim()', { channel: ' a ' }, 'a'],
    ['lower(channel)', { channel: 'ZÜRICH' }, 'zürich'],
    ['channel.upper()', { channel: 'zürich' }, 'ZÜRICH'],
    ['channel.lowerAscii()', { channel: 'ZÜRICH' }, 'zÜrich'],
    ['channel.upperAscii()', { channel: 'zürich' }, 'ZüRICH'],
    ['channel.matches("^a+$")', { channel: 'aaa' }, 1],
    ['channel.matches("b")', { channel: 'abc' }, 1],
    ['matches(channel, "^b")', { channel: 'abc' }, 0],
  ])('%s in %j is %s', (text, world, value) => {
    expect(judged(text, world)).toBe(value)
  })
})

describe('functions of numbers', () => {
  test.each<[string, World, unknown]>([
    ['abs(n)', { n: -3 }, 3],
    ['abs(x)', { x: -0.5 }, 0.5],
    ['round(x)', { x: 2.5 }, 3],
    ['round(x)', { x: -2.5 }, -3],
    ['round(x)', { x: 0.49999999999999994 }, 0],
    ['round(x)', { x: 4_503_599_627_370_497 }, 4_503_599_627_370_497],
    ['round(n)', { n: 3 }, 3],
    ['int(x)', { x: -2.9 }, -2],
    ['int(channel)', { channel: '-12' }, -12],
    ['double(channel)', { channel: '1.5e3' }, 1500],
    ['bool(channel)', { channel: 'true' }, 1],
    ['string(n)', { n: -3 }, '-3'],
    ['string(x)', { x: 1.5 }, '1.5'],
    ['string(fraud)', { fraud: 1 }, 'true'],
    ['string(at)', { at: 0 }, '1970-01-01T00:00:00.000Z'],
    ['string(wait)', { wait: 5_400_000 }, '1h30m'],
    ['duration(channel + "s")', { channel: '90' }, 90_000],
    ['duration("-" + string(wait))', { wait: 90_000 }, -90_000],
    ['timestamp(channel)', { channel: '1970-01-01T00:00:01Z' }, 1_000],
  ])('%s in %j is %s', (text, world, value) => {
    expect(judged(text, world)).toBe(value)
  })

  it('measures the distance between two points', () => {
    const zurich = { 'location.lat': 47.3769, 'location.lon': 8.5417 }
    const newYork = { 'location.lat': 40.7128, 'location.lon': -74.006 }
    const km = judged('distanceKm(location, last(probe).location)', { ...zurich, probe: [newYork] })
    expect(km).toBeCloseTo(6_324, -1)
    expect(judged('distanceKm(47.3769, 8.5417, 40.7128, -74.006)')).toBe(km)
    expect(judged('distanceKm(location, location)', zurich)).toBe(0)
    expect(judged('distanceKm(0, 0, 0, 180)')).toBeCloseTo(20_015.1, 1)
  })
})

describe('parts of times', () => {
  const at = Date.UTC(2026, 2, 1, 12, 34, 56, 789)

  test.each<[string, number]>([
    ['at.getFullYear()', 2026],
    ['at.getMonth()', 2],
    ['at.getDate()', 1],
    ['at.getDayOfMonth()', 0],
    ['at.getDayOfWeek()', 0],
    ['at.getDayOfYear()', 59],
    ['at.getHours()', 12],
    ['at.getMinutes()', 34],
    ['at.getSeconds()', 56],
    ['at.getMilliseconds()', 789],
    ['at.getHours("Europe/Zurich")', 13],
    ['at.getHours("-08:00")', 4],
    ['at.getDate("Pacific/Kiritimati")', 2],
    ['at.getDayOfWeek("Pacific/Kiritimati")', 1],
    ['at.getMinutes("Asia/Kathmandu")', 19],
    ['localHour(at, "Asia/Tokyo")', 21],
    ['localHour(at, "UTC")', 12],
    ['duration("26h30m").getHours()', 26],
    ['duration("26h30m").getMinutes()', 1_590],
    ['duration("1500ms").getSeconds()', 1],
    ['duration("1500ms").getMilliseconds()', 1_500],
  ])('%s is %d', (text, value) => {
    expect(judged(text, { at })).toBe(value)
  })

  it('a duration has no zone', () => {
    expect(problemsOf('wait.getHours("UTC")')).toMatchObject([{ code: 'bad-argument' }])
  })
})
