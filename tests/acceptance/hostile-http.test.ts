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
    growth = await measureGrowth({ warmUp: 1_500, slices: 1, requestsPerSlice: requests, staying: 0, seed: 5 })
  }, 120_000)
  afterAll(killLiveServices)

  const figure = (name: keyof Growth['figures'][number]): { readonly before: number; readonly after: number } => {
    const [before, after] = growth.figures
    return { before: before[name], after: after[name] }
  }

  it('was asked for enough, and made no mistake of its own', () => {
    const statuses = [200, 202, 400, 404, 405, 413, 415, 422, 431, 'cut'].map(String)
    expect([...growth.statuses.keys()]).toEqual(expect.arrayContaining(statuses))
    expect(growth.statuses.get('500')).toBeUndefined()
    expect(figure('events').after).toBeGreaterThan(figure('events').before)
  })

  it('holds no more objects than before, in any thread', () => {
    const { before, after } = figure('objectBytes')
    expect((after - before) / requests).toBeLessThan(bytesPerRequestMax)
    const threads = figure('threadsBytes')
    expect((threads.after - threads.before) / requests).toBeLessThan(bytesPerRequestMax)
  })

  it('holds no more buffers than before', () => {
    const { before, after } = figure('externalBytes')
    expect(after - before).toBeLessThan(4 * 2 ** 20)
  })

  it('has closed all connections, and opened no more files than its stores do by themselves', () => {
    const [sockets, files] = [figure('sockets'), figure('files')]
    expect(sockets.after).toBe(sockets.before)
    expect(files.after - files.before).toBeLessThan(10)
  })
})

const requests = 2_000
/** Three times what is measured, which is in caches that fill; where a request leaves its trace behind in a map it is 240. */
const bytesPerRequestMax = 120
