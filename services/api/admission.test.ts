import { describe, expect, it } from 'vitest'
import { Admission } from './admission.ts'

const limits = { requestsInFlightMax: 2, bodyBytesInFlightMax: 100, overloadRetryAfterSeconds: 3 }

describe('Admission', () => {
  it('lets in up to its bounds and again when one has left (A1, A2)', () => {
    const admission = new Admission(limits)
    expect(admission.enter(60)).toBeUndefined()
    expect(admission.enter(41)).toMatchObject({ name: 'overloaded', retryAfterSeconds: 3 })
    expect(admission.enter(40)).toBeUndefined()
    expect(admission.enter(0)).toMatchObject({ name: 'overloaded' })
    admission.leave(40)
    expect(admission.enter(0)).toBeUndefined()
    expect([admission.requests, admission.bytes]).toEqual([2, 60])
  })

  it('waits for those inside when it closes, and lets nobody in (A3)', async () => {
    const admission = new Admission(limits)
    admission.enter(1)
    let isEmpty = false
    const closed = admission.close(60_000).then(() => {
      isEmpty = true
    })
    expect(admission.enter(0)).toMatchObject({ name: 'unavailable' })
    await Promise.resolve()
    expect(isEmpty).toBe(false)
    admission.leave(1)
    await closed
    expect(isEmpty).toBe(true)
  })

  it('waits no longer than it was told', async () => {
    const admission = new Admission(limits)
    admission.enter(1)
    await admission.close(1)
    expect(admission.requests).toBe(1)
  })
})
