import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { OwnerCommand, OwnerInput } from '#shared/protocol/owner-io'
import { noCounts } from '#shared/protocol/owner-options'
import type { LoopCommand } from './hosted-owner.ts'
import { LocalOwner } from './local-owner.ts'

beforeEach(() => void vi.useFakeTimers({ now: 5_000 }))
afterEach(() => void vi.useRealTimers())

/** An owner that answers as it is told; what it was given, what came out, and the mistakes. */
function hosted(answer: (input: OwnerInput) => readonly OwnerCommand[]) {
  const inputs: OwnerInput[] = []
  const executed: (readonly LoopCommand[])[] = []
  const mistakes: unknown[] = []
  const owner = new LocalOwner(() => ({
    position: 0,
    committedPosition: 0,
    isReady: false,
    outboxLength: 0,
    actors: 0,
    stateBytes: 0,
    now: 0,
    counts: noCounts(),
    tally: undefined,
    handle: (input) => {
      inputs.push(input)
      return answer(input)
    },
  }))
  const start = (): void =>
    owner.start(
      (commands) => executed.push(commands),
      (error) => mistakes.push(error),
    )
  start()
  return { owner, start, inputs, executed, mistakes }
}

const failure = { reason: 'fenced', detail: 'another' } as const

describe('an owner beside its loop', () => {
  it('gets its clock and its turns here, and the loop all else in order', () => {
    const { inputs, executed } = hosted(({ kind }) => {
      if (kind === 'start') return [{ kind: 'bounds' }, { kind: 'later' }, { kind: 'outbox' }]
      return kind === 'later' ? [{ kind: 'marked', generation: 1 }] : []
    })
    expect(executed).toEqual([[{ kind: 'bounds' }, { kind: 'outbox' }]])
    vi.advanceTimersByTime(200)
    expect(inputs).toEqual([
      { kind: 'start' },
      { kind: 'later' },
      { kind: 'clock', now: 5_100 },
      { kind: 'clock', now: 5_200 },
    ])
    expect(executed.slice(1)).toEqual([[{ kind: 'marked', generation: 1 }]])
  })

  it('tells that an answer was taken, also where nothing follows from it', () => {
    const { owner, executed } = hosted(() => [])
    owner.handle({ kind: 'offered', upTo: 1 })
    expect(executed).toEqual([[], []])
  })

  it.each<OwnerCommand>([{ kind: 'stopped' }, { kind: 'halt', failure }])(
    'hears nothing after it has ended: $kind',
    (last) => {
      const { owner, inputs, executed } = hosted(({ kind }) => (kind === 'stop' ? [{ kind: 'later' }, last] : []))
      owner.handle({ kind: 'stop' })
      expect(executed.at(-1)).toEqual([last])
      owner.handle({ kind: 'offered', upTo: 1 })
      vi.advanceTimersByTime(1_000)
      expect(inputs).toEqual([{ kind: 'start' }, { kind: 'stop' }])
    },
  )

  it('begins anew after its end, and hears nothing that was meant for the one before', () => {
    const { owner, start, inputs } = hosted(({ kind }) => (kind === 'start' ? [{ kind: 'later' }] : []))
    owner.end()
    start()
    owner.end()
    vi.advanceTimersByTime(1_000)
    expect(inputs).toEqual([{ kind: 'start' }, { kind: 'start' }])
    start()
    vi.advanceTimersByTime(100)
    expect(inputs.slice(2)).toEqual([{ kind: 'start' }, { kind: 'later' }, { kind: 'clock', now: 6_100 }])
  })

  it.each<OwnerInput['kind']>(['clock', 'later', 'offered'])(
    'ends with a mistake that it makes, told once: %s',
    (at) => {
      const { owner, inputs, mistakes } = hosted(({ kind }) => {
        if (kind === at) throw new Error('ours')
        return kind === 'start' ? [{ kind: 'later' }] : []
      })
      owner.handle({ kind: 'offered', upTo: 1 })
      vi.advanceTimersByTime(1_000)
      expect(mistakes).toEqual([new Error('ours')])
      expect(inputs.at(-1)?.kind).toBe(at)
    },
  )
})
