import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deadLetterLine } from './dead-letter.ts'
import { LineWriter, OutputFailed } from './line-writer.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigil-wire-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('LineWriter', () => {
  it('writes lines in order, however many, and empties the file first', async () => {
    const path = join(folder, 'out.jsonl')
    for (const count of [100_000, 3, 0]) {
      const writer = await LineWriter.toFile(path)
      for (let i = 0; i < count; i++) {
        writer.write(`é ${i}`)
        if (i % 1000 === 0) await writer.drain()
      }
      await writer.close()
      const lines = (await readFile(path, 'utf8')).split('\n')
      expect(lines.pop()).toBe('')
      expect(lines).toEqual(Array.from({ length: count }, (_, i) => `é ${i}`))
    }
  })

  it('waits for a stream that takes its time', async () => {
    const waiting: (() => void)[] = []
    const stream = new Writable({ write: (_, __, done) => void waiting.push(done) })
    const writer = LineWriter.toStream(stream, 'stdout')
    writer.write('x'.repeat(300_000))
    let isDrained = false
    const drained = writer.drain().then(() => {
      isDrained = true
    })
    await new Promise(setImmediate)
    expect([isDrained, waiting.length]).toEqual([false, 1])
    waiting[0]()
    await drained
    await writer.close()
    expect(stream.writable).toBe(true)
  })

  it('says at once that a file cannot be opened', async () => {
    const refusal = await LineWriter.toFile(join(folder, 'gone', 'out')).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(OutputFailed)
    expect(refusal).toMatchObject({
      isStarted: false,
      message: expect.stringMatching(/out: its folder does not exist$/),
    })
  })

  it.skipIf(!existsSync('/dev/full'))('reports a full disk at drain and at close', async () => {
    const writer = await LineWriter.toFile('/dev/full')
    writer.write('x'.repeat(300_000))
    const full = { isStarted: true, message: '/dev/full: no space is left on the device' }
    await expect(writer.drain()).rejects.toMatchObject(full)
    writer.write('x')
    await expect(writer.drain()).rejects.toMatchObject(full)
    await expect(writer.close()).rejects.toMatchObject(full)
  })

  it('knows a reader that has gone', async () => {
    const stream = new PassThrough()
    const writer = LineWriter.toStream(stream, 'stdout')
    stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    writer.write('x')
    await expect(writer.close()).rejects.toMatchObject({ isReaderGone: false, isStarted: true })
    const broken = new Writable({
      write: (_, __, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    })
    const second = LineWriter.toStream(broken, 'stdout')
    second.write('x')
    await expect(second.close()).rejects.toMatchObject({ isReaderGone: true, message: 'stdout: its reader has gone' })
  })
})

describe('deadLetterLine', () => {
  it('leaves out what is absent', () => {
    expect(deadLetterLine(7, { reason: 'bad-value', field: 'amount', message: 'no "amount"' })).toBe(
      '{"row":7,"reason":"bad-value","field":"amount","message":"no \\"amount\\""}',
    )
    expect(deadLetterLine(1, { reason: 'bad-json', message: 'x' })).toBe('{"row":1,"reason":"bad-json","message":"x"}')
  })
})
