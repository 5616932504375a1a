import { describe, expect, it } from 'vitest'
import { readAnswer } from './answer.ts'

const now = Date.UTC(2026, 2, 1)
const read = (status: number, document: unknown, retryAfter?: string) =>
  readAnswer({ status, retryAfter, body: typeof document === 'string' ? document : JSON.stringify(document) }, 3, now)

describe('an answer', () => {
  it.each([200, 202])('%i has taken all rows, or is no answer of Vigil', (status) => {
    expect(read(status, { accepted: 2, duplicates: 1, results: [] })).toEqual({
      ...{ kind: 'taken', accepted: 2, duplicates: 1 },
    })
    for (const other of [{ accepted: 2, duplicates: 2 }, { accepted: 3 }, {}, null, 7, '<html>', ''])
      expect(read(status, other)).toMatchObject({ kind: 'refused', reason: expect.stringContaining('--to') })
  })

  it.each([408, 429, 500, 502, 503, 504])('%i is tried again', (status) => {
    expect(read(status, '<html>')).toEqual({ kind: 'again', reason: `answer ${status}`, afterMs: 0 })
  })

  it.each([
    ['2', 2_000],
    ['0', 0],
    [new Date(now + 5_000).toUTCString(), 5_000],
    [new Date(now - 5_000).toUTCString(), 0],
    ['soon', 0],
  ])('with Retry-After %s is tried again after that', (retryAfter, afterMs) => {
    expect(read(503, { title: 'Busy', detail: 'come back' }, retryAfter)).toEqual({
      ...{ kind: 'again', reason: 'answer 503: Busy: come back', afterMs },
    })
  })

  it.each([
    [302, ''],
    [400, ''],
    [401, '; give a key: --token or VIGIL_TOKEN'],
    [404, '; is --to the address of a Vigil service?'],
    [413, '; give a smaller --batch'],
    [422, ''],
  ])('%i that names no row ends it', (status, hint) => {
    expect(read(status, { title: 'No' })).toEqual({ kind: 'refused', reason: `answer ${status}: No${hint}` })
  })

  it.each([409, 422])('%i names rows, each with its first mistake', (status) => {
    const errors = [
      { index: 2, pointer: '/merchant/a~1b', code: 'bad-value', detail: 'is no money' },
      { index: 2, pointer: '/at', code: 'missing-field', detail: 'is missing' },
      { index: 0, pointer: '', code: 'bad-json', detail: 'is no JSON' },
      ...[{ index: 3 }, { index: -1 }, { index: 0.5 }, { index: '1' }, null, 7, {}],
    ]
    expect(read(status, { errors })).toEqual({
      kind: 'rejected',
      rows: new Map([
        [2, { reason: 'bad-value', field: 'merchant.a/b', message: 'is no money' }],
        [0, { reason: 'bad-json', field: undefined, message: 'is no JSON' }],
      ]),
    })
  })
})
