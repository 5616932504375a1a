// Several partitions, whose owners live on threads of their own, beside one.
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openSqliteLog } from '#shared/log/event-log-sqlite'
import type { OwnerFailure } from '#shared/protocol/owner-io'
import { MemoryAlertStore } from '#shared/store/alert-store-memory'
import type { CheckpointStore } from '#shared/store/checkpoint-store'
import { SqliteCheckpointStore } from '#shared/store/checkpoint-store-sqlite'
import { rowsOf } from '../cli/serve/rows-of.ts'
import type { Service } from './service.ts'
import {
  atRest,
  context,
  findings,
  latenessMs,
  patience,
  ready,
  rows,
  ruleFilesOf,
  type Stores,
  start,
} from './testing/small-bank.ts'

const [before, after] = [ruleFilesOf(30), ruleFilesOf(70)]

/** With hours between. */
const halves = [0, 1].map((half) => rows(0, 800, { name: `h${half}-`, laterMs: half * 6 * 3_600_000 }))
const asksForDecision = (row: number): boolean => row % 25 === 0

let folder: string
let open: { close(): Promise<void> }[]
let mistakes: unknown[]
let failures: [number, OwnerFailure][]
/** Threads that were started and have not ended. */
let threads: Set<Worker>
const onWorker = (worker: Worker): void => {
  threads.add(worker)
  worker.once('exit', () => threads.delete(worker))
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigil-partitions-'))
  open = []
  mistakes = []
  failures = []
  threads = new Set()
  process.on('worker', onWorker)
})
afterEach(async () => {
  process.off('worker', onWorker)
  for (const resource of open.reverse()) await resource.close()
  rmSync(folder, { recursive: true })
})

async function world(name: string, partitions: number): Promise<Stores> {
  const log = await openSqliteLog({ folder: join(folder, name), partitions, latenessMs })
  const checkpoints = new SqliteCheckpointStore(join(folder, name))
  open.push(log, checkpoints)
  return { partitions, log, checkpoints, alerts: new MemoryAlertStore() }
}

function begun(world: Stores, ruleFiles = before): Service {
  const service = start(world, {
    ruleFiles,
    onFailure: (partition, failure) => failures.push([partition, failure]),
    onLogLost: (detail) => mistakes.push(detail),
    onMistake: (error) => mistakes.push(error),
  })
  open.push({ close: () => service.stop(0) })
  return service
}

async function started(world: Stores, ruleFiles = before): Promise<Service> {
  const service = begun(world, ruleFiles)
  await ready(service)
  return service
}

/** @returns a service that is ready, and its own threads */
async function watched(world: Stores): Promise<{ readonly service: Service; readonly own: readonly Worker[] }> {
  // The threads of the stores are there by then.
  await world.checkpoints.outbox(0)
  const others = new Set(threads)
  const service = await started(world)
  return { service, own: [...threads].filter((thread) => !others.has(thread)) }
}

/** @returns the decisions that were answered, by row */
async function send(service: Service, sent: readonly string[]): Promise<ReadonlyMap<number, string>> {
  const answers = new Map<number, string>()
  for (let from = 0; from < sent.length; from += 25) {
    const decided = await service.decide(rowsOf([sent[from]]), context, 20_000)
    if (decided.kind !== 'decided') throw new Error(`row ${from} was answered with ${JSON.stringify(decided)}`)
    answers.set(from, blanked(decided.body))
    const answer = await service.submit(rowsOf(sent.slice(from + 1, from + 25)), context)
    expect(answer.kind).toBe('accepted')
  }
  return answers
}

/** What differs between two runs over the same rows. */
const blanked = (text: string): string => text.replace(/"position":"\d+:\d+"/g, '"position":""')

/** All that a store holds, in an order that says nothing of arrival, and what was decided. */
async function allFindings({ alerts }: Stores): Promise<readonly unknown[]> {
  const found = [...(await findings(alerts))]
  for (const row of halves.flat().keys())
    if (asksForDecision(row)) {
      const { id } = JSON.parse(halves.flat()[row])
      found.push((await alerts.decision(id)).map(({ revision, body }) => ({ id, revision, body: blanked(body) })))
      const evidence = await alerts.evidence(id)
      found.push({ id, alerts: evidence?.alerts.toSorted() })
    }
  return found
}

const storeThat = (claim: CheckpointStore['claim'], store: CheckpointStore): CheckpointStore => ({
  claim,
  stage: (stage) => store.stage(stage),
  commit: (commit) => store.commit(commit),
  load: (...ask) => store.load(...ask),
  marked: (...ask) => store.marked(...ask),
  outbox: (partition) => store.outbox(partition),
  close: () => store.close(),
})

/** Both halves, with a change of rules at the start between them. */
async function life(world: Stores): Promise<readonly unknown[]> {
  const first = await started(world, before)
  const answers = [await send(first, halves[0])]
  await first.stop(20_000)
  const second = await started(world, after)
  answers.push(await send(second, halves[1]))
  await atRest(second)
  const counted = second.counts
  await second.stop(20_000)
  return [counted, answers, await allFindings(world)]
}

describe('several partitions', () => {
  it('find and decide what one does, also after a start with other rules', { timeout: 60_000 }, async () => {
    const one = await life(await world('one', 1))
    const [, answers, found] = one as [unknown, ReadonlyMap<number, string>[], readonly unknown[]]
    expect(found.length).toBeGreaterThan(400)
    for (const word of ['withdrawn', 'amended', '\\"score\\":30', '\\"score\\":70', 'probe'])
      expect(JSON.stringify(found).includes(word), word).toBe(true)
    expect(new Set(answers.flatMap((half) => [...half.values()].map((body) => JSON.parse(body).outcome)))).toEqual(
      new Set(['allow', 'review', 'decline']),
    )
    expect(await life(await world('two', 2))).toEqual(one)
    expect(await life(await world('four', 4))).toEqual(one)
    expect([failures, mistakes]).toEqual([[], []])
  })

  it('leave no thread behind when they stop', { timeout: 30_000 }, async () => {
    const place = await world('stopped', 4)
    const { service, own } = await watched(place)
    expect(own.length).toBe(Math.min(4, availableParallelism()))
    await send(service, halves[0].slice(0, 100))
    await service.stop(20_000)
    expect(own.filter((thread) => threads.has(thread))).toEqual([])
    expect(service.unready().join()).toContain('stopping')
    expect([failures, mistakes]).toEqual([[], []])
  })
})

describe('a thread that dies', () => {
  it('ends the service at once and with one word, and the next start goes on', { timeout: 60_000 }, async () => {
    const calm = await world('calm', 1)
    const left = await started(calm)
    const answers = await send(left, halves[0])
    await atRest(left)
    await left.stop(20_000)

    const place = await world('died', 2)
    const { service, own } = await watched(place)
    await send(service, halves[0].slice(0, 400))
    await own[0].terminate()
    expect(mistakes).toEqual([expect.objectContaining({ message: expect.stringContaining('ended by itself') })])
    expect(service.unready().join()).toContain('partition 0 ')
    expect(await service.submit(rowsOf([halves[0][0]]), context)).toMatchObject({ kind: 'unavailable' })
    await service.stop(20_000)
    expect(own.filter((thread) => threads.has(thread))).toEqual([])

    mistakes = []
    const next = await started(place)
    expect(await send(next, halves[0])).toEqual(answers)
    await atRest(next)
    await next.stop(20_000)
    expect([failures, mistakes]).toEqual([[], []])
    expect(await allFindings(place)).toEqual(await allFindings(calm))
  })

  it('by a mistake of ours says which', { timeout: 30_000 }, async () => {
    const place = await world('mistaken', 2)
    const manifest = { id: 'x', position: 1, tailDigest: 0, owner: undefined as unknown as Uint8Array }
    const checkpoints = storeThat(async () => ({ kind: 'claimed', manifest }), place.checkpoints)
    const service = begun({ ...place, checkpoints })
    await vi.waitFor(() => expect(mistakes.length).toBeGreaterThan(0), patience)
    expect(mistakes).toEqual([
      expect.objectContaining({ name: 'TypeError', stack: expect.stringContaining('recovery') }),
    ])
    await service.stop(1_000)
  })
})

it('tells why a partition on a thread can no longer be owned', { timeout: 30_000 }, async () => {
  // The store knows a claim that the log does not hold.
  const place = await world('claimed-elsewhere', 2)
  const claim: CheckpointStore['claim'] = async (partition, epoch) =>
    partition === 1 ? { kind: 'fenced', epoch: epoch + 1 } : place.checkpoints.claim(partition, epoch)
  const service = begun({ ...place, checkpoints: storeThat(claim, place.checkpoints) })
  await vi.waitFor(
    () => expect(failures).toEqual([[1, expect.objectContaining({ reason: 'log-regression' })]]),
    patience,
  )
  await vi.waitFor(() => expect(service.unready()).toEqual([expect.stringContaining('partition 1 ')]), patience)
  await service.stop(1_000)
  expect(mistakes).toEqual([])
})
