import { describe, expect, it } from 'vitest'
import { limits } from '#shared/domain/limits'
import { IdleTicks } from './idle-ticks.ts'
import { decodeTick } from './tick-record.ts'

/** Event time that a tick brings; undefined: none is due. */
function tickAt(ticks: IdleTicks, clock: number, now: number, nextDeadline: number): number | undefined {
  const command = ticks.takeDue(clock, { engine: { now }, nextDeadline })
  return command?.kind === 'append' ? decodeTick(command.record.body) : undefined
}

/** Ticks of an owner that met its last event at this time of the clock. */
function idleSince(clock: number): IdleTicks {
  const ticks = new IdleTicks()
  ticks.movedAt = clock
  ticks.recordAt = clock
  return ticks
}

describe('ticks', () => {
  const idle = limits.idleMs

  it('bring event time on at the pace of the clock, once nothing has come for a while and a deadline is reached', () => {
    const ticks = idleSince(50_000)
    expect(tickAt(ticks, 50_000 + idle - 1, 1_000, 1_001)).toBeUndefined()
    expect(tickAt(ticks, 50_000 + idle, 1_000, 1_001 + idle)).toBeUndefined()
    expect(tickAt(ticks, 50_000 + idle, 1_000, 1_000 + idle)).toBe(1_000 + idle)
  })

  it('are one at a time: the next one is due when the last one was read', () => {
    const ticks = idleSince(0)
    expect(tickAt(ticks, idle, 1_000, 1_000)).toBe(1_000 + idle)
    expect(tickAt(ticks, 2 * idle, 1_000, 1_000)).toBeUndefined()
    ticks.met()
    expect(tickAt(ticks, 2 * idle, 1_000, 1_000)).toBe(1_000 + 2 * idle)
  })

  it('do not begin before an event has said what time it is', () => {
    expect(tickAt(idleSince(0), 10 * idle, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY)).toBeUndefined()
  })
})
