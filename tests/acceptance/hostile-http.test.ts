// What is left in the service when thousands of clients have asked for all that can be asked, and much that cannot.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Growth, measureGrowth } from '../../load-tests/hostile/measure-growth.ts'
import { killLiveServices } from '../support/live-service.ts'
import { missing } from '../support/missing.ts'

const isLinux = process.platform === 'linux'
if (!isLinux) missing('the service after hostile requests', 'open files of another process are counted on Linux alone')

describe.skipIf(!isLinux)('the service after hostile requests', () => {
  let growth: Growth
  beforeAll(async () => {
    growth = await measureGrowth({ warmUp: 1_500, slices: 1, requestsPerSlice: 3_000, staying: 0, seed: 5 })
  }, 120_000)
  afterAll(killLiveServices)

  const figure = (name: keyof Growth['figures'][number]): { readonly before: number; readonly after: number } => {
    const [before, after] = growth.figures
    return { before: before[name], after: after[name] }
  }

  it('was asked for enough, and made no mistake of its own', () => {
    const statuses = [200, 202, 400, 404, 405, 413, 414, 415, 417, 422, 431, 'cut'].map(String)
    expect([...growth.statuses.keys()]).toEqual(expect.arrayContaining(statuses))
    expect(growth.statuses.get('500')).toBeUndefined()
    expect(figure('events').after).toBeGreaterThan(figure('events').before)
  })

  it('holds no more objects than before, in any thread', () => {
    const { before, after } = figure('usedBytes')
    expect((after - before) / 3_000).toBeLessThan(bytesPerRequestMax)
    const threads = figure('threadsBytes')
    expect((threads.after - threads.before) / 3_000).toBeLessThan(bytesPerRequestMax)
  })

  it('holds no more buffers than before, but for the newest records of its log', () => {
    const { before, after } = figure('externalBytes')
    expect(after - before).toBeLessThan(4 * 2 ** 20)
  })

  it('has closed all connections, and opened no more files than its stores do by themselves', () => {
    const [sockets, files] = [figure('sockets'), figure('files')]
    expect(sockets.after).toBe(sockets.before)
    expect(files.after - files.before).toBeLessThan(10)
  })
})

/** Code that is compiled on the way takes up to 300; the least that a request could leave behind, a request, takes thousands. */
const bytesPerRequestMax = 700
