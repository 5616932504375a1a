import { describe, expect, it } from 'vitest'
import { ingestLimits } from './ingest-limits.ts'
import { MessageQueue } from './message-queue.ts'
import { noHeaders, type SourceMessage } from './source-reader.ts'

const never = new AbortController().signal
const message = (n: number, bytes = 1): SourceMessage => ({
  position: `p:${n}`,
  bytes: Buffer.alloc(bytes),
  headers: noHeaders,
})

describe('the queue before a source', () => {
  it('lets who puts wait once it holds what may be taken at once, by number or by bytes, until that is taken', async () => {
    for (const [count, bytes] of [
      [ingestLimits.messagesMax, 1],
      [2, ingestLimits.messageBytesAtOnceMax / 2],
    ]) {
      const queue = new MessageQueue()
      for (let n = 1; n < count; n++) expect(queue.put(message(n, bytes))).toBeUndefined()
      let hasRoom = false
      const room = queue.put(message(count, bytes))?.then(() => {
        hasRoom = true
      })
      await Promise.resolve()
      expect(hasRoom).toBe(false)
      expect(await queue.take(never)).toHaveLength(count)
      await room
      expect(hasRoom).toBe(true)
    }
  })

  it('waits for the next message, for the failure of who puts, and for the end of who takes', async () => {
    const queue = new MessageQueue()
    const waiting = queue.take(never)
    void queue.put(message(1))
    expect((await waiting).map(({ position }) => position)).toEqual(['p:1'])
    const ended = new AbortController()
    const left = queue.take(ended.signal)
    ended.abort()
    await expect(left).rejects.toMatchObject({ name: 'AbortError' })
    const failed = queue.take(never)
    queue.fail(new Error('gone'))
    await expect(failed).rejects.toThrow('gone')
    await expect(queue.take(never)).rejects.toThrow('gone')
  })

  it('wakes who waits for room when it fails, and keeps nothing that is put from then on', async () => {
    const queue = new MessageQueue()
    const room = queue.put(message(1, ingestLimits.messageBytesAtOnceMax))
    expect(queue.hasFailed).toBe(false)
    queue.fail(new Error('gone'))
    await room
    expect(queue.hasFailed).toBe(true)
    const late = message(2)
    Object.defineProperty(late, 'bytes', { get: () => expect.unreachable('it was kept') })
    expect(queue.put(late)).toBeUndefined()
    expect(() => queue.throwIfFailed()).toThrow('gone')
  })
})
