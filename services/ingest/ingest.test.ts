import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { DeadLettersUnavailable } from '#shared/store/dead-letter-store'
import type { Ingest } from './ingest.ts'
import { ingestLimits } from './ingest-limits.ts'
import { MemorySource } from './source-reader.ts'
import { mapDecoder, until, World } from './testing/world.ts'

const running: Ingest[] = []
afterEach(() => Promise.all(running.splice(0).map((ingest) => ingest.stop())))
const started = (ingest: Ingest): Ingest => {
  running.push(ingest)
  return ingest
}

const at = Date.UTC(2026, 2, 1)
const event = (id: string, more = ''): string => `{"id":"${id}","at":${at},"account":"A","amount":1.50${more}}`

describe('a source', () => {
  it('gives events in order, one or many a message, and its position follows when the log has them', async () => {
    const world = new World()
    const source = new MemorySource()
    source.push(event('1'))
    source.push(`[${event('2')},${event('3')}]`)
    source.push(`${event('4')}\n${event('5')}\n`)
    started(world.read({ cards: source }))
    await until('all is committed', () => source.committed === 3)
    expect(await world.ids()).toEqual(['1', '2', '3', '4', '5'])
    expect((await world.events())[0].body).toBe(event('1'))
  })

  it('is read by its MAP: what the log has is an event as the bank would have sent it over HTTP', async () => {
    const world = new World()
    const source = new MemorySource()
    source.push('{"ref":7,"when":"2026-03-01T00:00:00Z","card":{"account":"A"},"sum":"57.16","country":"DE"}')
    const ingest = started(world.read({ core: source }, mapDecoder()))
    await until('it is committed', () => source.committed === 1)
    const body = '{"type":"transaction","id":"7","at":1772323200000,"account":"A","amount":"57.16"}'
    expect((await world.events()).map((one) => JSON.parse(one.body))).toEqual([JSON.parse(body)])
    source.push('{"ref":"7","when":"2026-03-01T01:00:00+01:00","card":{"account":"A"},"sum":57.16}')
    await until('the repeat is committed', () => source.committed === 2)
    expect(ingest.counts.get('core')).toMatchObject({ accepted: 1, duplicates: 1 })
  })

  it('has dead letters for what cannot be read, with place, reason, digest and bytes; the rest of the message is taken', async () => {
    const world = new World()
    const source = new MemorySource()
    const rows = [
      event('1'),
      '{"id":"x"',
      event('2', ',"country":7'),
      '[1]',
      event('3'),
      `{"id":"${'l'.repeat(70_000)}"}`,
      event('4'),
    ]
    source.push(rows.join('\n'))
    source.push(Buffer.from('{"id":"\xff"}', 'latin1'))
    source.push(`[${event('5')} ${event('6')}]`)
    const ingest = started(world.read({ cards: source }))
    await until('all is committed', () => source.committed === 3)
    expect(await world.ids()).toEqual(['1', '3', '4', '5'])
    expect(await world.letters()).toEqual([
      { position: 'memory:0', row: 2, reason: 'bad-json' },
      { position: 'memory:0', row: 3, reason: 'bad-value' },
      { position: 'memory:0', row: 4, reason: 'not-an-object' },
      { position: 'memory:0', row: 6, reason: 'too-large' },
      { position: 'memory:1', row: 1, reason: 'bad-encoding' },
      { position: 'memory:2', row: 2, reason: 'bad-json' },
    ])
    const listed = await world.deadLetters.list({
      source: 'cards',
      reason: undefined,
      before: undefined,
      limit: 9,
    })
    const [, , large, , second] = await Promise.all(listed.map(({ id }) => world.deadLetters.letter(id)))
    expect(second).toMatchObject({ field: 'country', size: rows[2].length })
    expect(Buffer.from(second?.bytes ?? []).toString()).toBe(rows[2])
    expect(second?.digest).toBe(createHash('sha256').update(rows[2]).digest('hex'))
    expect([large?.size, large?.bytes.length]).toEqual([rows[5].length, ingestLimits.cutRowBytes])
    expect(Object.fromEntries(ingest.counts.get('cards')?.deadLetters ?? [])).toMatchObject({
      'bad-json': 2,
      'too-large': 1,
    })
    expect(world.lines.join('\n')).not.toContain('country')
  })

  it('has a dead letter for an event that is more than 2 minutes ahead of its arrival', async () => {
    const world = new World()
    const source = new MemorySource()
    const ahead = (ms: number): string => event(String(ms)).replace(String(at), String(Date.now() + ms))
    source.push(`${ahead(119_000)}\n${ahead(125_000)}\n`)
    started(world.read({ cards: source }))
    await until('it is committed', () => source.committed === 1)
    expect(await world.ids()).toEqual(['119000'])
    expect(await world.letters()).toEqual([{ position: 'memory:0', row: 2, reason: 'in-the-future' }])
  })

  it('has a dead letter for an id that another event has, and takes the rest of the message', async () => {
    const world = new World()
    const source = new MemorySource()
    source.push(`[${event('1')},${event('1', ',"country":"DE"')},${event('1')},${event('2')}]`)
    const ingest = started(world.read({ cards: source }))
    await until('it is committed', () => source.committed === 1)
    expect(await world.ids()).toEqual(['1', '2'])
    expect(await world.letters()).toEqual([{ position: 'memory:0', row: 2, reason: 'duplicate-conflict' }])
    expect(ingest.counts.get('cards')).toMatchObject({ accepted: 2, duplicates: 1 })
  })

  it("carries the trace of the sender's message to each of its events, and begins one where there is none", async () => {
    const world = new World()
    const source = new MemorySource()
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    source.push(`[${event('1')},${event('2')}]`, {
      traceparent: `00-${trace}-00f067aa0ba902b7-01`,
      tracestate: 'bank=1',
      baggage: 'desk=7',
    })
    source.push(event('3'), { traceparent: 'nonsense' })
    started(world.read({ cards: source }))
    await until('all is committed', () => source.committed === 2)
    const [first, second, third] = (await world.events()).map(({ traceparent }) => traceparent)
    expect(first).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01 00f067aa0ba902b7 bank=1\\tdesk=7$`))
    expect(second).toBe(first)
    expect(third).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  })
})

describe('what the world does to a source', () => {
  it('stops nothing: while the log refuses, fails or is behind, it waits with its position, and loses nothing', async () => {
    const world = new World()
    const source = new MemorySource()
    world.refusal = 'the disk is full'
    world.failures = 3
    for (let i = 0; i < 5; i++) source.push(event(String(i)))
    started(world.read({ cards: source }))
    await until('it is read', () => source.opened === 1)
    expect([source.committed, await world.ids()]).toEqual([0, []])
    world.lag = ingestLimits.lagEventsMax + 1
    world.refusal = undefined
    await new Promise((resolve) => setImmediate(resolve))
    expect(await world.ids()).toEqual([])
    world.lag = 0
    await until('all is committed', () => source.committed === 5)
    expect([...(await world.ids())].sort()).toEqual(['0', '1', '2', '3', '4'])
  })

  it('keeps its position while dead letters cannot be kept', async () => {
    const world = new World()
    const source = new MemorySource()
    const { add } = world.deadLetters
    let tries = 0
    world.deadLetters.add = async (letters) => {
      if (++tries < 3) throw new DeadLettersUnavailable('the disk is full')
      expect(source.committed).toBe(0)
      return add.call(world.deadLetters, letters)
    }
    source.push(`${event('1')}\nnonsense\n`)
    started(world.read({ cards: source }))
    await until('it is committed', () => source.committed === 1)
    expect(await world.letters()).toHaveLength(1)
  })

  it('delays only itself: others go on while it is away, and it goes on behind its position when it is back', async () => {
    const world = new World()
    const [cards, core] = [new MemorySource(), new MemorySource()]
    cards.push(event('c1'))
    started(world.read({ cards, core }))
    await until('it is committed', () => cards.committed === 1)
    cards.setAway('its broker is gone')
    cards.push(event('c2'))
    core.push(event('d1'))
    await until('the other one is committed', () => core.committed === 1)
    expect(await world.ids()).toEqual(['c1', 'd1'])
    await until('it is told', () => world.lines.includes('source cards is away: its broker is gone; it is tried again'))
    cards.setAway(undefined)
    await until('it is committed', () => cards.committed === 2)
    expect(await world.ids()).toEqual(['c1', 'd1', 'c2'])
    expect(world.lines.filter((line) => line.startsWith('source cards'))).toEqual([
      'source cards is read from memory',
      'source cards is away: its broker is gone; it is tried again',
      'source cards is read from memory',
    ])
  })

  it('gives messages again that were taken and not committed, which changes nothing, nor adds a dead letter', async () => {
    const world = new World()
    const source = new MemorySource()
    source.push(`[${event('1')},"no event",${event('2')}]`)
    const first = started(world.read({ cards: source }))
    await until('it is committed', () => source.committed === 1)
    await first.stop()
    source.committed = 0
    started(world.read({ cards: source }))
    await until('it is committed again', () => source.committed === 1)
    expect(await world.ids()).toEqual(['1', '2'])
    expect(await world.letters()).toHaveLength(1)
  })

  it('ends when it is told to, behind what it has begun', async () => {
    const world = new World()
    const source = new MemorySource()
    world.refusal = 'starting'
    source.push(event('1'))
    const ingest = world.read({ cards: source })
    await until('it is read', () => source.opened === 1)
    const stopped = ingest.stop()
    world.refusal = undefined
    await stopped
    expect([source.committed, await world.ids()]).toEqual([1, ['1']])
  })
})
