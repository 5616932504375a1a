import { describe, expect, it, vi } from 'vitest'
import { type AlertDelivery, AlertStoreUnavailable } from '#shared/store/alert-store'
import { MemoryAlertStore } from '#shared/store/alert-store-memory'
import { alert, decision, told } from '#shared/store/testing/alert-store-samples'
import { MemorySink, type Sink, type SinkConnection, SinkRefused, SinkUnavailable } from './sink.ts'
import { SinkFeed } from './sink-feed.ts'

/** A feed that waits hardly any time, with what it tells people. */
function feedTo(sink: Sink, store: MemoryAlertStore, kind: 'alerts' | 'decisions' = 'alerts', startMs = 0) {
  const lines: string[] = []
  const mistakes: unknown[] = []
  const tell = (line: string): void => void lines.push(line)
  const onMistake = (error: unknown): void => void mistakes.push(error)
  const options = { kind, sink, store, tenant: 'bank', tell, onMistake, retryMs: 0, startMs }
  return { feed: new SinkFeed(options), lines, mistakes }
}

const revisions = (...alerts: readonly (readonly [string, number])[]): AlertDelivery[] =>
  alerts.map(([id, revision]) => alert(id, { revision, status: revision === 1 ? 'raised' : 'amended' }))

const idsOf = (sink: MemorySink): string[] => sink.messages.map(({ id }) => id)

describe('a feed of a sink', () => {
  it('sends what the store has and what comes, and goes on there after an end', async () => {
    const [sink, store] = [new MemorySink(), new MemoryAlertStore()]
    await store.deliver({ alerts: revisions(['a', 1], ['b', 1]), decisions: [] })
    const { feed } = feedTo(sink, store)
    await feed.start()
    await vi.waitUntil(() => sink.messages.length === 2)
    await store.deliver({ alerts: revisions(['a', 2]), decisions: [] })
    feed.news()
    await vi.waitUntil(() => sink.messages.length === 3)
    await feed.stop(1_000)
    await store.deliver({ alerts: revisions(['a', 3]), decisions: [] })
    const next = feedTo(sink, store)
    await next.feed.start()
    await vi.waitUntil(() => sink.messages.length === 4)
    await next.feed.stop(1_000)
    expect(idsOf(sink)).toEqual(['a:1', 'b:1', 'a:2', 'a:3'])
    expect(feed.counts).toEqual({ sent: 3, failures: 0, refused: 0 })
    expect(next.feed.lag).toBe(0)
    expect(sink.closed).toBe(2)
  })

  it('sends at its end what was stored before', async () => {
    const [sink, store] = [new MemorySink(), new MemoryAlertStore()]
    const { feed } = feedTo(sink, store)
    await feed.start()
    await store.deliver({ alerts: revisions(['a', 1]), decisions: [] })
    await feed.stop(1_000)
    expect(idsOf(sink)).toEqual(['a:1'])
  })

  it('writes one CloudEvents message for each revision, the same for a repeat', async () => {
    const [sink, store] = [new MemorySink(), new MemoryAlertStore()]
    await store.deliver({ alerts: [alert('a', { revision: 2, status: 'withdrawn', key: 'K' })], decisions: [] })
    const { feed } = feedTo(sink, store)
    await feed.start()
    await feed.stop(1_000)
    const [{ key, body, headers }] = sink.messages
    const { line, traceparent } = alert('a', { revision: 2, status: 'withdrawn' })
    const [{ time }] = await store.outgoing('alerts', 0, 1)
    expect(JSON.parse(body.toString())).toEqual({
      specversion: '1.0',
      id: 'a:2',
      source: 'vigil/bank',
      type: 'vigil.alert.withdrawn',
      subject: 'a',
      time: new Date(time).toISOString(),
      datacontenttype: 'application/json',
      traceparent,
      data: JSON.parse(line),
    })
    expect(key).toBe('K')
    expect(headers).toEqual({ 'content-type': 'application/cloudevents+json; charset=UTF-8', traceparent })
    await store.moveSinkCursor('another place', 1)
    vi.spyOn(store, 'sinkCursor').mockResolvedValue(0)
    const again = feedTo(sink, store)
    await again.feed.start()
    await again.feed.stop(1_000)
    expect(sink.messages[1]).toEqual(sink.messages[0])
  })

  it('names decisions made and amended, and leaves out a trace that there is not', async () => {
    const [sink, store] = [new MemorySink(), new MemoryAlertStore()]
    const decisions = [told(decision('e')), told(decision('e', { revision: 2 }))]
    await store.deliver({ alerts: revisions(['a', 1]), decisions })
    const { feed } = feedTo(sink, store, 'decisions')
    await feed.start()
    await feed.stop(1_000)
    const messages = sink.messages.map(({ body }) => JSON.parse(body.toString()))
    expect(messages.map(({ id, type, subject }) => [id, type, subject])).toEqual([
      ['e:1', 'vigil.decision.made', 'e'],
      ['e:2', 'vigil.decision.amended', 'e'],
    ])
    expect(messages[0]).not.toHaveProperty('traceparent')
    expect(sink.messages[0].headers).not.toHaveProperty('traceparent')
    expect(sink.messages[0].key).toBe('A')
  })

  it('sends a revision only once the one before it is acknowledged (F3)', async () => {
    const [sink, store] = [new MemorySink(), new MemoryAlertStore()]
    await store.deliver({ alerts: revisions(['a', 1], ['b', 1], ['a', 2], ['a', 3], ['b', 2]), decisions: [] })
    const waves: string[][] = []
    const open = sink.open.bind(sink)
    vi.spyOn(sink, 'open').mockImplementation(async () => {
      const connection = await open()
      return {
        ...connection,
        send: (messages) => {
          waves.push(messages.map(({ id }) => id))
          return connection.send(messages)
        },
      }
    })
    const { feed } = feedTo(sink, store)
    await feed.start()
    await feed.stop(1_000)
    expect(waves).toEqual([['a:1', 'b:1'], ['a:2'], ['a:3', 'b:2']])
  })

  it('repeats from what was acknowledged where the sink fails, says once that it is away and once that it is back', async () => {
    const [sink, store] = [new MemorySink(), new MemoryAlertStore()]
    const { feed, lines } = feedTo(sink, store)
    let left = 4
    sink.beforeTaken = ({ id }) => {
      if (id === 'b:1' && left-- > 0) throw new SinkUnavailable('the broker is gone')
    }
    await store.deliver({ alerts: revisions(['a', 1], ['a', 2], ['c', 1], ['b', 1], ['d', 1]), decisions: [] })
    await feed.start()
    await vi.waitUntil(() => idsOf(sink).includes('d:1'))
    await feed.stop(1_000)
    // What was acknowledged is not sent again; what was under way is.
    expect(idsOf(sink).filter((id) => id === 'a:1')).toHaveLength(1)
    expect(idsOf(sink).filter((id) => id === 'c:1')).toHaveLength(5)
    expect([...new Set(idsOf(sink))]).toEqual(['a:1', 'a:2', 'c:1', 'b:1', 'd:1'])
    expect(lines).toEqual([
      expect.stringMatching(/^alerts cannot be sent now: the broker is gone.*nothing is lost$/),
      'alerts are sent again to memory://topic',
    ])
    expect(feed.counts).toEqual({ sent: 5, failures: 4, refused: 0 })
    // A connection that failed is not used again (S2).
    expect(sink.opened).toBe(5)
    expect(sink.closed).toBe(5)
  })

  it('starts with a sink that is away, tells how much waits, and refuses one that must be changed first', async () => {
    const [sink, store] = [new MemorySink(), new MemoryAlertStore()]
    await store.deliver({ alerts: revisions(['a', 1], ['b', 1], ['c', 1]), decisions: [] })
    sink.refusal = new SinkUnavailable('nobody is there')
    const { feed, lines } = feedTo(sink, store)
    await feed.start()
    await vi.waitUntil(() => feed.lag === 3)
    expect(feed.isUp).toBe(false)
    // One that refuses after the start may be mended.
    sink.refusal = new SinkRefused('no stream takes it')
    const { failures } = feed.counts
    await vi.waitUntil(() => feed.counts.failures > failures + 1)
    sink.refusal = undefined
    await vi.waitUntil(() => sink.messages.length === 3)
    await feed.stop(1_000)
    expect([feed.isUp, feed.lag]).toEqual([true, 0])
    expect(lines).toEqual([
      expect.stringContaining('nobody is there'),
      expect.stringContaining('no stream takes it'),
      'alerts are sent again to memory://topic',
    ])
    sink.refusal = new SinkRefused('no stream takes it')
    await expect(feedTo(sink, store).feed.start()).rejects.toBe(sink.refusal)
  })

  it('tells each reason once until the sink is back, whatever ports it names, and no more than ten', async () => {
    const [sink, store] = [new MemorySink(), new MemoryAlertStore()]
    await store.deliver({ alerts: revisions(['a', 1]), decisions: [] })
    let tries = 0
    vi.spyOn(sink, 'open').mockImplementation(async () => {
      tries++
      if (tries > 20) throw new SinkUnavailable(`trouble ${'x'.repeat(tries)}`)
      throw tries % 2 === 0
        ? new SinkRefused('no stream takes it')
        : new SinkUnavailable(`broker-${tries}:90${tries} has no room`)
    })
    const { feed, lines } = feedTo(sink, store)
    await feed.start()
    await vi.waitUntil(() => tries > 40)
    await feed.stop(1_000)
    expect(lines.slice(0, 3)).toEqual([
      expect.stringContaining('broker-1:901 has no room'),
      expect.stringContaining('no stream takes it'),
      expect.stringContaining(`trouble ${'x'.repeat(21)}.`),
    ])
    expect(lines).toHaveLength(10)
  })

  it('begins with a broker that refuses only while it starts, and refuses one that goes on', async () => {
    const [sink, store] = [new MemorySink(), new MemoryAlertStore()]
    await store.deliver({ alerts: revisions(['a', 1]), decisions: [] })
    const refusal = new SinkRefused('no stream takes it')
    const open = vi.spyOn(sink, 'open').mockRejectedValueOnce(refusal).mockRejectedValueOnce(refusal)
    const { feed, lines, mistakes } = feedTo(sink, store, 'alerts', 60_000)
    await feed.start()
    await feed.stop(1_000)
    expect(open).toHaveBeenCalledTimes(3)
    expect(idsOf(sink)).toEqual(['a:1'])
    expect(lines).toEqual(['alerts cannot be sent yet: no stream takes it. It is tried for up to 60 s'])
    expect(mistakes).toEqual([])
    sink.refusal = refusal
    const refused = feedTo(sink, store, 'alerts', 5)
    await expect(refused.feed.start()).rejects.toBe(refusal)
  })

  it.each(['start', 'run'])('closes a connection that is opened past the end of its time, in its %s', async (when) => {
    const [memory, store] = [new MemorySink(), new MemoryAlertStore()]
    await store.deliver({ alerts: revisions(['a', 1]), decisions: [] })
    const opening = Promise.withResolvers<SinkConnection>()
    const open = vi.spyOn(memory, 'open')
    if (when === 'run') open.mockRejectedValueOnce(new SinkUnavailable('away'))
    open.mockReturnValueOnce(opening.promise)
    const { feed, mistakes } = feedTo(memory, store)
    const started = feed.start()
    await vi.waitUntil(() => open.mock.calls.length === (when === 'run' ? 2 : 1))
    await feed.stop(0)
    const send = vi.fn<SinkConnection['send']>()
    const close = vi.fn(async () => {})
    opening.resolve({ send, close })
    await started
    await feed.stop(1_000)
    expect(close).toHaveBeenCalledTimes(1)
    expect(send).not.toHaveBeenCalled()
    expect(open).toHaveBeenCalledTimes(when === 'run' ? 2 : 1)
    expect(mistakes).toEqual([])
  })

  it('leaves a message behind that the broker never takes, tells it, and sends the others (F5)', async () => {
    const [sink, store] = [new MemorySink(), new MemoryAlertStore()]
    sink.messageBytesMax = 2_000
    const large = alert('large', { line: JSON.stringify({ id: 'large', filler: 'x'.repeat(2_000) }) })
    await store.deliver({ alerts: [alert('a'), large, alert('b')], decisions: [] })
    const { feed, lines, mistakes } = feedTo(sink, store)
    await feed.start()
    await vi.waitUntil(() => idsOf(sink).includes('b:1'))
    await feed.stop(1_000)
    expect([...new Set(idsOf(sink))]).toEqual(['a:1', 'b:1'])
    expect(feed.counts.refused).toBe(1)
    expect(lines).toEqual([expect.stringMatching(/does not take alerts message "large:1" of \d+ bytes/)])
    expect(mistakes).toEqual([])
    expect(await store.sinkCursor('alerts to memory topic')).toBe(3)
  })

  it('waits for an alert store that is away, and sends on from there', async () => {
    const [sink, store] = [new MemorySink(), new MemoryAlertStore()]
    await store.deliver({ alerts: revisions(['a', 1]), decisions: [] })
    const outgoing = vi.spyOn(store, 'outgoing').mockRejectedValueOnce(new AlertStoreUnavailable('away'))
    const { feed, lines } = feedTo(sink, store)
    await feed.start()
    await vi.waitUntil(() => sink.messages.length === 1)
    await feed.stop(1_000)
    expect(outgoing.mock.calls.length).toBeGreaterThan(1)
    expect(lines).toEqual([])
  })

  it('tells a mistake of ours, and sends no more', async () => {
    const [sink, store] = [new MemorySink(), new MemoryAlertStore()]
    await store.deliver({ alerts: revisions(['a', 1]), decisions: [] })
    const mistake = new TypeError('ours')
    sink.beforeTaken = () => {
      throw mistake
    }
    const { feed, mistakes } = feedTo(sink, store)
    await feed.start()
    await feed.stop(1_000)
    expect(mistakes).toEqual([mistake])
  })
})
