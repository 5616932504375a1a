import { describe, expect, it, onTestFinished } from 'vitest'
import { LetterDesk } from '../ingest/letter-desk.ts'
import { mapDecoder, mapText, schema, World } from '../ingest/testing/world.ts'
import { createServer } from './server.ts'
import { MemoryVigil } from './testing/memory-vigil.ts'

/** An API over letters, and what mends their MAP. */
async function openDesk() {
  const world = new World()
  let map = mapText
  const desk = new LetterDesk({
    store: world.deadLetters,
    door: world.door,
    schema,
    partitions: 1,
    maps: new Map([['core', () => mapDecoder(map)]]),
    now: Date.now,
  })
  const app = await createServer({
    ...{ vigil: new MemoryVigil(), access: { adminToken: undefined }, deadLetters: desk },
    onFailure: (error) => {
      throw error
    },
  })
  onTestFinished(() => app.close())
  const add = (row: string, reason = 'missing-field', source = 'core'): Promise<number> =>
    world.deadLetters.add([
      {
        ...{ source, position: 'memory:1', row: 2, reason, field: 'amount', message: '"amount" is missing' },
        ...{ digest: row, bytes: Buffer.from(row, 'latin1'), size: row.length, receivedAt: Date.UTC(2026, 2, 1) },
        traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
      },
    ])
  return {
    world,
    add,
    mend: (text: string) => {
      map = text
    },
    get: async (url: string) => app.inject({ method: 'GET', url }),
    replay: async (id: string) => app.inject({ method: 'POST', url: `/v1/dead-letters/${id}/replay` }),
  }
}

const row = '{"ref":"e1","when":"2026-03-01T00:00:00Z","card":{"account":"A"},"total":"7.50"}'

describe('dead letters over HTTP', () => {
  it('are listed newest first, page after page, and shown with their bytes', async () => {
    const { add, get } = await openDesk()
    for (const text of ['one', 'two', '\xff']) await add(text)
    const first = (await get('/v1/dead-letters?limit=2')).json()
    expect(first.deadLetters.map(({ id }: { id: string }) => id)).toEqual(['3', '2'])
    const second = (await get(`/v1/dead-letters?limit=2&cursor=${first.nextCursor}`)).json()
    expect(second).toEqual({
      deadLetters: [
        {
          ...{ id: '1', source: 'core', position: 'memory:1', row: 2, reason: 'missing-field', field: 'amount' },
          ...{ message: '"amount" is missing', digest: 'one', size: 3, receivedAt: '2026-03-01T00:00:00.000Z' },
          traceId: '1'.repeat(32),
        },
      ],
    })
    expect((await get('/v1/dead-letters/1')).json()).toMatchObject({ text: 'one', base64: 'b25l', isWhole: true })
    expect((await get('/v1/dead-letters/3')).json()).not.toHaveProperty('text')
    expect((await get('/v1/dead-letters/4')).statusCode).toBe(404)
    expect((await get('/v1/dead-letters?reason=bad-json')).json()).toEqual({ deadLetters: [] })
  })

  it.each(['limit=0', 'limit=501', 'limit=x', 'cursor=x', 'source=', 'sorce=core', 'source=a&source=b'])(
    'refuse the query %s',
    async (query) => {
      const { get } = await openDesk()
      const answer = await get(`/v1/dead-letters?${query}`)
      expect([answer.statusCode, answer.json().type]).toEqual([400, '/problems/bad-query'])
    },
  )

  it('are read again by the MAP as it is then: what is taken leaves the list, what is not stays with its mistake', async () => {
    const { add, replay, get, mend, world } = await openDesk()
    await add(row)
    await add('nonsense')
    mend(mapText.replace('row.sum', 'row.total * 2'))
    expect((await replay('1')).json()).toMatchObject({ id: '1', status: 'dead', reason: 'bad-value', field: 'amount' })
    expect((await get('/v1/dead-letters/1')).json()).toMatchObject({ reason: 'bad-value' })
    mend(mapText.replace('row.sum', 'row.total'))
    expect((await replay('1')).json()).toEqual({ id: '1', status: 'accepted', event: 'e1', position: '0:1' })
    expect((await replay('1')).statusCode).toBe(404)
    expect((await replay('2')).json()).toMatchObject({ status: 'dead', reason: 'bad-json' })
    await add(row)
    expect((await replay('3')).json()).toMatchObject({ status: 'duplicate' })
    expect((await get('/v1/dead-letters')).json().deadLetters).toHaveLength(1)
    expect(await world.ids()).toEqual(['e1'])
  })

  it('stay where they cannot be tried: the source is gone, only their start was kept, or the log cannot be written', async () => {
    const { add, replay, world } = await openDesk()
    await add(row, 'missing-field', 'gone')
    expect((await replay('1')).json()).toMatchObject({ status: 409, type: '/problems/letter-refused' })
    const letter = await world.deadLetters.letter(1)
    await world.deadLetters.add([{ ...letter!, source: 'core', digest: 'cut', size: 70_000 }])
    expect((await replay('2')).statusCode).toBe(409)
    await add(row.replace('total', 'sum'), 'in-the-future')
    world.refusal = 'the disk is full'
    expect((await replay('3')).statusCode).toBe(503)
    world.refusal = undefined
    world.failures = 1
    expect((await replay('3')).statusCode).toBe(503)
    expect((await replay('3')).json()).toMatchObject({ status: 'accepted' })
  })
})
