import { expect, it } from 'vitest'
import { type AlertStore, outgoingCharactersMax } from './alert-store.ts'
import { alert, decision, told } from './testing/alert-store-samples.ts'

/** What sinks read of every alert store. */
export function testOutgoing(emptyStore: () => Promise<AlertStore>): void {
  it('tells every revision of alerts behind a cursor in the order in which they were stored', async () => {
    const store = await emptyStore()
    expect(await store.outgoing('alerts', 0, 9)).toEqual([])
    expect(await store.lastOutgoing('alerts')).toBe(0)
    const withdrawn = alert('b', { revision: 2, status: 'withdrawn', key: 'K', traceparent: '' })
    const before = Date.now()
    await store.deliver({ alerts: [alert('b'), alert('a')], decisions: [] })
    await store.deliver({ alerts: [alert('b'), withdrawn], decisions: [] })
    const all = await store.outgoing('alerts', 0, 9)
    const { traceparent, line } = alert('a')
    expect(all.map(({ id, revision, status }) => [id, revision, status])).toEqual([
      ['b', 1, 'raised'],
      ['a', 1, 'raised'],
      ['b', 2, 'withdrawn'],
    ])
    expect(all[1]).toMatchObject({ key: 'A', traceparent, body: line })
    expect(all[2]).toMatchObject({ key: 'K', traceparent: '', body: withdrawn.line })
    for (const { time } of all) expect(time).toBeGreaterThanOrEqual(before)
    expect(await store.outgoing('alerts', 0, 9)).toEqual(all)
    expect(await store.outgoing('alerts', 0, 2)).toEqual(all.slice(0, 2))
    expect(await store.outgoing('alerts', all[1].cursor, 9)).toEqual(all.slice(2))
    expect(await store.lastOutgoing('alerts')).toBe(all[2].cursor)
  })

  it('tells every revision of decisions, with account and trace', async () => {
    const store = await emptyStore()
    const traced = { ...told(decision('e1', { madeAt: 7 })), traceparent: 'trace' }
    await store.deliver({ alerts: [], decisions: [traced, told(decision('e2'))] })
    await store.deliver({ alerts: [], decisions: [traced, told(decision('e1', { revision: 2, body: '{}' }))] })
    const all = await store.outgoing('decisions', 0, 9)
    expect(all.map(({ id, revision, status }) => [id, revision, status])).toEqual([
      ['e1', 1, 'made'],
      ['e2', 1, 'made'],
      ['e1', 2, 'amended'],
    ])
    expect(all[0]).toMatchObject({ key: 'A', traceparent: 'trace', time: 7, body: traced.body })
    expect(await store.outgoing('decisions', all[0].cursor, 9)).toEqual(all.slice(1))
    expect(await store.lastOutgoing('decisions')).toBe(all[2].cursor)
    expect(await store.outgoing('alerts', 0, 9)).toEqual([])
  })

  it('tells no more at once than memory should hold, and an entry that is longer alone', async () => {
    const store = await emptyStore()
    const third = 'x'.repeat(Math.ceil(outgoingCharactersMax / 3))
    const lines = [third, third, third, `${third}${third}${third}`, third]
    await store.deliver({ alerts: lines.map((line, i) => alert(`a${i}`, { line })), decisions: [] })
    const pages: string[][] = []
    for (let after = 0; pages.flat().length < lines.length; ) {
      const page = await store.outgoing('alerts', after, 100)
      pages.push(page.map(({ id }) => id))
      after = page[page.length - 1].cursor
    }
    expect(pages).toEqual([['a0', 'a1'], ['a2'], ['a3'], ['a4']])
  })

  it('keeps how far each sink is, which never goes back', async () => {
    const store = await emptyStore()
    expect(await store.sinkCursor('alerts to x')).toBe(0)
    await store.moveSinkCursor('alerts to x', 7)
    await store.moveSinkCursor('alerts to y', 3)
    await store.moveSinkCursor('alerts to x', 5)
    expect(await store.sinkCursor('alerts to x')).toBe(7)
    expect(await store.sinkCursor('alerts to y')).toBe(3)
  })
}
