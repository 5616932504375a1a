import { describe, expect, it } from 'vitest'
import { type AlertDelivery, type AlertQuery, type AlertStore, BadCursor, type EvidenceEvent } from './alert-store.ts'
import { testAgreement } from './alert-store-agreement.conformance.ts'
import { testOutgoing } from './alert-store-outgoing.conformance.ts'
import { alert, decision, event, told } from './testing/alert-store-samples.ts'

/**
 * What every alert store keeps to. The cases share one store, so each uses names of its own.
 * @param emptyStore a store without anything in it; the one given before is not used any more
 */
export function testAlertStore(name: string, emptyStore: () => Promise<AlertStore>): void {
  describe(name, () => {
    testOutgoing(emptyStore)
    testAgreement(emptyStore)

    it('is empty at first', async () => {
      const store = await emptyStore()
      expect(await store.lastCursor()).toBe(0)
      expect(await store.alerts({ limit: 5 })).toEqual({ lines: [], nextCursor: undefined })
      expect(await store.revisions(0, {}, 5)).toEqual({ revisions: [], upTo: 0 })
      expect(await store.alert('a')).toBeUndefined()
      expect(await store.decision('e')).toEqual([])
      expect(await store.evidence('e')).toBeUndefined()
      await store.deliver({ alerts: [], decisions: [] })
      await store.ping()
    })

    it('gives an alert back as it was delivered, events in order', async () => {
      const store = await emptyStore()
      const events = [event('e2', { step: 'probe' }), event('e1', { step: 'probe' }), event('e3', { step: 'strike' })]
      const before = Date.now()
      await store.deliver({ alerts: [alert('a', { events, explanation: 'amount (7) > 5' })], decisions: [] })
      const found = await store.alert('a')
      expect(found).toMatchObject({ line: alert('a').line, explanation: 'amount (7) > 5', events })
      expect(found?.revisions).toEqual([
        { revision: 1, status: 'raised', line: alert('a').line, storedAt: expect.any(Number) },
      ])
      expect(found!.revisions[0].storedAt).toBeGreaterThanOrEqual(before)
      expect(found!.revisions[0].storedAt).toBeLessThanOrEqual(Date.now())
    })

    it('keeps when things happened to an event as it was told first, and to each revision', async () => {
      const store = await emptyStore()
      const known = { appendedAt: 201, judgedFrom: 202, judgedAt: 203, committedFrom: 204, committedAt: 205 }
      const first = { ...known, position: '0:7', offeredAt: 206 }
      const events = [event('e1', { times: known }), event('e2', { times: { appendedAt: 7 } }), event('e3')]
      await store.deliver({ alerts: [alert('a', { events, times: first })], decisions: [] })
      const second = { position: '0:9', offeredAt: 306 }
      const amended = alert('a', {
        revision: 2,
        status: 'amended',
        times: second,
        events: [event('e1', { times: {} })],
      })
      await store.deliver({ alerts: [amended], decisions: [] })
      const found = await store.alert('a')
      expect(found?.events.map(({ times }) => times)).toEqual([known])
      expect(found?.revisions.map(({ times }) => times)).toEqual([first, second])
      expect((await store.evidence('e2'))?.event.times).toEqual({ appendedAt: 7 })
      expect((await store.evidence('e3'))?.event.times).toBeUndefined()
    })

    it('takes what is repeated once, in one delivery and over several (A1)', async () => {
      const store = await emptyStore()
      const delivery = {
        alerts: [alert('a', { events: [event('e1')] }), alert('a', { events: [event('e1')] })],
        decisions: [told(decision('e1')), told(decision('e1'))],
      }
      await store.deliver(delivery)
      const changed = alert('a', { line: '{"other":1}', events: [event('e1'), event('e9')] })
      await store.deliver({ alerts: [changed], decisions: [told(decision('e1', { body: '{"other":1}' }))] })
      expect(await store.lastCursor()).toBe((await store.revisions(0, {}, 9)).revisions.at(-1)?.cursor)
      expect((await store.revisions(0, {}, 9)).revisions.map(({ line }) => line)).toEqual([alert('a').line])
      expect((await store.alert('a'))?.events).toEqual([event('e1')])
      expect(await store.evidence('e9')).toBeUndefined()
      expect(await store.decision('e1')).toEqual([decision('e1')])
    })

    it('shows the highest revision, whatever the order of delivery (A3)', async () => {
      const store = await emptyStore()
      const third = alert('a', { revision: 3, status: 'amended', severity: 'high', events: [event('e3')] })
      await store.deliver({ alerts: [third], decisions: [] })
      await store.deliver({ alerts: [alert('a', { events: [event('e1')] })], decisions: [] })
      await store.deliver({ alerts: [alert('a', { revision: 2, status: 'withdrawn' })], decisions: [] })
      const found = await store.alert('a')
      expect(found).toMatchObject({ line: third.line, events: [event('e3')] })
      expect(found?.revisions.map(({ revision }) => revision)).toEqual([1, 2, 3])
      expect((await store.alerts({ limit: 5 })).lines).toEqual([third.line])
      expect((await store.alerts({ limit: 5, severity: 'low' })).lines).toEqual([])
      expect((await store.alerts({ limit: 5, event: 'e1' })).lines).toEqual([])
      expect((await store.alerts({ limit: 5, event: 'e3' })).lines).toEqual([third.line])
    })

    it('finds the highest of several revisions in one delivery', async () => {
      const store = await emptyStore()
      const alerts = [1, 4, 2, 3].map((revision) => alert('a', { revision, status: 'amended' }))
      await store.deliver({ alerts, decisions: [] })
      expect((await store.alerts({ limit: 5 })).lines).toEqual([alerts[1].line])
      expect((await store.revisions(0, {}, 9)).revisions.map(({ line }) => line)).toEqual(
        alerts.map(({ line }) => line),
      )
    })

    it('lists withdrawn alerts only when asked for them', async () => {
      const store = await emptyStore()
      const withdrawn = alert('a', { revision: 2, status: 'withdrawn' })
      await store.deliver({ alerts: [alert('a'), alert('b'), withdrawn], decisions: [] })
      expect((await store.alerts({ limit: 5 })).lines).toEqual([alert('b').line])
      expect((await store.alerts({ limit: 5, status: 'withdrawn' })).lines).toEqual([withdrawn.line])
      expect((await store.alert('a'))?.line).toBe(withdrawn.line)
    })

    it('filters by each field, and by all together', async () => {
      const store = await emptyStore()
      const other = alert('other', { at: 2_000 })
      const wanted = alert('wanted', {
        rule: 'mule',
        scenario: 'mules',
        severity: 'high',
        by: 'terminal',
        key: 'T1',
        at: 1_000,
        status: 'amended',
        events: [event('e7')],
      })
      await store.deliver({ alerts: [other, wanted], decisions: [] })
      const filters: Omit<AlertQuery, 'limit'>[] = [
        { rule: 'mule' },
        { scenario: 'mules' },
        { severity: 'high' },
        { status: 'amended' },
        { by: 'terminal' },
        { key: 'T1' },
        { event: 'e7' },
        { from: 1_000, to: 2_000 },
      ]
      for (const filter of [...filters, Object.assign({}, ...filters)]) {
        expect((await store.alerts({ ...filter, limit: 5 })).lines).toEqual([wanted.line])
        expect((await store.revisions(0, filter, 5)).revisions.map(({ line }) => line)).toEqual([wanted.line])
      }
      expect((await store.alerts({ from: 2_000, limit: 5 })).lines).toEqual([other.line])
      expect((await store.alerts({ to: 1_000, limit: 5 })).lines).toEqual([])
    })

    it('orders alerts of one instant by id, and gives no cursor with the last page', async () => {
      const store = await emptyStore()
      const alerts = ['b', 'a', 'c', 'é', 'Z'].map((id) => alert(id))
      await store.deliver({ alerts, decisions: [] })
      const first = await store.alerts({ limit: 3 })
      const second = await store.alerts({ limit: 3, cursor: first.nextCursor })
      expect([...first.lines, ...second.lines]).toEqual(['é', 'c', 'b', 'a', 'Z'].map((id) => alert(id).line))
      expect(second.nextCursor).toBeUndefined()
      expect((await store.alerts({ limit: 5 })).nextCursor).toBeUndefined()
      expect(first.nextCursor).toMatch(/^[A-Za-z0-9_-]+$/)
    })

    it('shows on later pages what stood at the first: neither amended, withdrawn nor new since', async () => {
      const store = await emptyStore()
      const alerts = [1, 2, 3, 4].map((at) => alert(`a${at}`, { at, severity: 'low' }))
      await store.deliver({ alerts, decisions: [] })
      const first = await store.alerts({ limit: 1, severity: 'low' })
      await store.deliver({
        alerts: [
          alert('a3', { at: 3, revision: 2, status: 'withdrawn' }),
          alert('a2', { at: 9, revision: 2, status: 'amended', severity: 'high' }),
          alert('a0', { at: 0, severity: 'low' }),
        ],
        decisions: [],
      })
      const rest = await store.alerts({ limit: 9, severity: 'low', cursor: first.nextCursor })
      expect(rest.lines).toEqual([alerts[2].line, alerts[1].line, alerts[0].line])
    })

    it.each(['', 'x', '~~', 'bnVsbA', Buffer.from('[1,2,3,4]').toString('base64url')])(
      'refuses %j as a cursor',
      async (cursor) => {
        const store = await emptyStore()
        await expect(store.alerts({ limit: 5, cursor })).rejects.toBeInstanceOf(BadCursor)
      },
    )

    it('refuses a cursor that was given for other filters', async () => {
      const store = await emptyStore()
      await store.deliver({ alerts: [alert('a'), alert('b')], decisions: [] })
      const { nextCursor } = await store.alerts({ limit: 1, rule: 'velocity' })
      await expect(store.alerts({ limit: 1, cursor: nextCursor })).rejects.toBeInstanceOf(BadCursor)
      expect((await store.alerts({ limit: 9, rule: 'velocity', cursor: nextCursor })).lines).toEqual([alert('a').line])
    })

    it('reads revisions on from a cursor, withdrawn ones too, and says how far it looked (A2)', async () => {
      const store = await emptyStore()
      const lines: string[] = []
      for (let revision = 1; revision <= 5; revision++) {
        const one = alert('a', { revision, status: revision === 5 ? 'withdrawn' : 'amended' })
        await store.deliver({ alerts: [one], decisions: [] })
        lines.push(one.line)
      }
      const read: string[] = []
      let after = 0
      for (;;) {
        const { revisions, upTo } = await store.revisions(after, {}, 2)
        if (revisions.length === 0) break
        expect(revisions.map(({ cursor }) => cursor)).toEqual(
          revisions.map(({ cursor }) => cursor).sort((a, b) => a - b),
        )
        expect(revisions[0].cursor).toBeGreaterThan(after)
        expect(upTo).toBe(revisions.length === 2 ? revisions[1].cursor : await store.lastCursor())
        read.push(...revisions.map(({ line }) => line))
        after = upTo
      }
      expect(read).toEqual(lines)
      expect(after).toBe(await store.lastCursor())
      expect(await store.revisions(0, { rule: 'none' }, 2)).toEqual({ revisions: [], upTo: after })
      expect(await store.revisions(after + 10, {}, 2)).toEqual({ revisions: [], upTo: after + 10 })
    })

    it('keeps an event once, as it was first delivered, and names its alerts', async () => {
      const store = await emptyStore()
      const withdrawn = alert('b', { revision: 2, status: 'withdrawn', events: [event('e1')] })
      await store.deliver({
        alerts: [alert('b', { events: [event('e1', { step: 'probe' })] }), withdrawn, alert('c')],
        decisions: [],
      })
      await store.deliver({ alerts: [alert('a', { events: [event('e1', { position: '9:9' })] })], decisions: [] })
      expect(await store.evidence('e1')).toEqual({ event: event('e1'), alerts: ['b', 'a'] })
      expect((await store.alert('a'))?.events).toEqual([event('e1')])
    })

    it('tells apart events of one id at two times, and shows the newer as evidence', async () => {
      const store = await emptyStore()
      const [old, young] = [event('e1', { at: 1, event: '{"n":1}' }), event('e1', { at: 2, event: '{"n":2}' })]
      await store.deliver({ alerts: [alert('b', { events: [young] }), alert('a', { events: [old] })], decisions: [] })
      expect((await store.alert('a'))?.events).toEqual([old])
      expect(await store.evidence('e1')).toEqual({ event: young, alerts: ['b'] })
      expect((await store.alerts({ limit: 5, event: 'e1' })).lines).toHaveLength(2)
    })

    it('removes decisions whose last revision was made before a time', async () => {
      const store = await emptyStore()
      const first = decision('e2', { madeAt: 10 })
      const amended = decision('e2', { revision: 2, madeAt: 100 })
      const decisions = [amended, decision('e1', { madeAt: 99 }), first, decision('e3', { madeAt: 100 })].map(told)
      await store.deliver({ alerts: [], decisions })
      expect(await store.decision('e2')).toEqual([first, amended])
      await store.removeDecisionsBefore(100)
      expect(await store.decision('e1')).toEqual([])
      expect(await store.decision('e2')).toEqual([first, amended])
      expect(await store.decision('e3')).toHaveLength(1)
      await store.removeDecisionsBefore(101)
      expect(await store.decision('e2')).toEqual([])
    })

    it.each([
      ['U+0000', 'a\0b'],
      ['an unpaired surrogate', '\ud800x\udc00\ud83d'],
      ['an emoji', '💳'],
      ['the mark of encoded text', '\u001b0000\u001b'],
      ['__proto__', '__proto__'],
      ['quotes', `'"\\{},"NULL"$1;--`],
      ['the empty text', ''],
      ['the word null', 'NULL'],
      ['line ends', '\r\n\t\u2028'],
    ])('keeps %s in every text', async (_, text) => {
      const store = await emptyStore()
      const evidence: EvidenceEvent = {
        id: text,
        at: 1,
        step: text,
        position: text,
        traceId: text,
        receivedAt: 2,
        event: text,
      }
      const odd: AlertDelivery = {
        id: text,
        revision: 1,
        status: 'raised',
        rule: text,
        scenario: text,
        severity: text,
        by: text,
        key: text,
        at: 3,
        line: text,
        explanation: text,
        events: [evidence],
        traceparent: text,
      }
      const near = alert(`${text}.`, { key: `${text}.`, at: 1 })
      await store.deliver({
        alerts: [odd, near],
        decisions: [{ ...decision(text, { body: text }), account: text, traceparent: text }],
      })
      expect(await store.alert(text)).toMatchObject({ line: text, explanation: text, events: [evidence] })
      const query = { rule: text, scenario: text, severity: text, by: text, key: text, event: text }
      expect((await store.alerts({ ...query, limit: 5 })).lines).toEqual([text])
      expect(await store.evidence(text)).toEqual({ event: { ...evidence, step: '' }, alerts: [text] })
      expect(await store.decision(text)).toEqual([decision(text, { body: text })])
      const { nextCursor } = await store.alerts({ limit: 1 })
      expect((await store.alerts({ limit: 1, cursor: nextCursor })).lines).toEqual([near.line])
    })

    it('tells long keys apart that differ at the end only', async () => {
      const store = await emptyStore()
      // Of different characters, so that no compression makes it short.
      const start = Array.from({ length: 10_000 }, (_, i) => String.fromCharCode(0x4e00 + ((i * 7919) % 20_000))).join(
        '',
      )
      const alerts = ['x', 'y'].map((end) => alert(end, { key: start + end }))
      await store.deliver({ alerts, decisions: [] })
      expect((await store.alerts({ limit: 5, key: `${start}y` })).lines).toEqual([alerts[1].line])
    })

    it('takes 5,000 revisions with many events in one delivery', async () => {
      const store = await emptyStore()
      const alerts = Array.from({ length: 5_000 }, (_, i) =>
        alert(`a${i}`, { at: i, events: Array.from({ length: 1 + (i % 4) }, (_, n) => event(`e${i + n}`)) }),
      )
      await store.deliver({ alerts, decisions: alerts.map(({ id }) => told(decision(id))) })
      expect(await store.alerts({ limit: 1 })).toMatchObject({ lines: [alerts[4_999].line] })
      expect((await store.alert('a4999'))?.events).toEqual(alerts[4_999].events)
      const { revisions } = await store.revisions(0, {}, 5_000)
      expect(revisions.map(({ line }) => line)).toEqual(alerts.map(({ line }) => line))

      // One that few pass is found by reading on, however far a call looks.
      const rare = alert('rare', { rule: 'rare' })
      await store.deliver({ alerts: [rare], decisions: [] })
      const found: string[] = []
      for (let after = -1, upTo = 0; upTo > after; ) {
        after = upTo
        const next = await store.revisions(after, { rule: 'rare' }, 5)
        found.push(...next.revisions.map(({ line }) => line))
        upTo = next.upTo
      }
      expect(found).toEqual([rare.line])
    })
  })
}
