// What checkpoints in SQLite cost: `node load-tests/checkpoint-store.bench.ts [actors] [seconds]`.
// Actors are drawn evenly, which is the worst for reading them again. First every actor gets a base; then come ten commits a second of 6,000
// entries, one in eleven a base. Measured: processor time of the process (nothing else runs in it) and of the calling thread alone, time of a
// commit, of opening the file anew, of loading actors, and what the file takes. Left out: the engine, encoding, and a disk that is slow or
// cold: all that is read lies in the page cache of the system.

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../shared/generator/random.ts'
import type { ActorEntry, Commit } from '../shared/protocol/commit.ts'
import { SqliteCheckpointStore } from '../shared/store/checkpoint-store-sqlite.ts'

const actors = Number(process.argv[2] ?? 1_000_000)
const seconds = Number(process.argv[3] ?? 60)
const commitEntries = 6_000
const commitMs = 100
const loadedActors = 256

const random = new Random(1)
const content = Uint8Array.from({ length: 4_096 }, () => random.integer(0, 255))
const folder = mkdtempSync(join(tmpdir(), 'vigil-bench-'))
const partition = 0
let number = 0

const keyOf = (actor: number): string => `DE${String(actor).padStart(14, '0')}`

function entryOf(actor: number, form: 'base' | 'appended'): ActorEntry {
  const length = form === 'base' ? random.integer(300, 1_500) : random.integer(60, 100)
  return {
    generation: 1,
    population: 0,
    key: keyOf(actor),
    form,
    deadline: actor % 10 === 0 ? 1_700_000_000_000 : Number.POSITIVE_INFINITY,
    hasBook: actor % 50 === 0,
    bytes: content.subarray(0, length),
  }
}

function nextCommit(entries: readonly ActorEntry[]): Commit {
  const previous = number === 0 ? undefined : `commit-${number}`
  number++
  const id = `commit-${number}`
  const manifest = { id, position: number, tailDigest: number, owner: content.subarray(0, 200) }
  return {
    partition,
    epoch: 1,
    id,
    previous,
    manifest,
    stagedParts: 0,
    actors: entries,
    outbox: [],
    deliveredUpTo: 0,
    droppedGenerations: [],
  }
}

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function fileSizes(): string {
  const sizes = ['', '-wal'].map((end) => statSync(join(folder, `checkpoints.db${end}`)).size / 2 ** 20)
  return `file ${sizes[0].toFixed(0)} MiB, WAL ${sizes[1].toFixed(0)} MiB`
}

function quantiles(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (q: number): string => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))].toFixed(1)
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, max ${at(1)} ms`
}

async function measureLoads(store: SqliteCheckpointStore): Promise<void> {
  const times: number[] = []
  let pieces = 0
  const cpu = cpuMs()
  for (let round = 0; round < 100; round++) {
    const names = Array.from({ length: loadedActors }, () => ({
      population: 0,
      key: keyOf(random.integer(0, actors - 1)),
    }))
    const start = performance.now()
    const { actors: saved } = await store.load(partition, 1, names)
    times.push(performance.now() - start)
    for (const each of saved) pieces += each === undefined ? 0 : 1 + each.appended.length
  }
  const perActor = (pieces / 100 / loadedActors).toFixed(1)
  const share = ((cpuMs() - cpu) / 100).toFixed(1)
  console.log(
    `load of ${loadedActors} actors at random: ${quantiles(times)}, ${share} ms of processor; ${perActor} entries each`,
  )
}

let store = new SqliteCheckpointStore(folder)
try {
  await store.claim(partition, 1)

  const filling = performance.now()
  const fillingCpu = cpuMs()
  for (let from = 0; from < actors; from += commitEntries) {
    const length = Math.min(commitEntries, actors - from)
    await store.commit(nextCommit(Array.from({ length }, (_, i) => entryOf(from + i, 'base'))))
  }
  const perEntry = ((cpuMs() - fillingCpu) * 1e3) / actors
  console.log(
    `${actors} bases: ${((performance.now() - filling) / 1e3).toFixed(1)} s, ${perEntry.toFixed(2)} µs of processor each; ${fileSizes()}`,
  )
  await measureLoads(store)

  const packing: number[] = []
  const times: number[] = []
  const loads: number[] = []
  let storeCpu = 0
  const start = performance.now()
  for (let round = 0; round < seconds * (1_000 / commitMs); round++) {
    const entries = makeEntries()
    await sleep(Math.max(0, start + round * commitMs - performance.now()))
    const cpu = cpuMs()
    const sent = performance.now()
    const committed = store.commit(nextCommit(entries))
    packing.push(performance.now() - sent)
    const result = await committed
    if (result !== 'ok') throw new Error(`a commit was answered with ${result}`)
    times.push(performance.now() - sent)
    storeCpu += cpuMs() - cpu
    if (round % 10 === 0) {
      const asked = performance.now()
      await store.load(partition, 1, [{ population: 0, key: keyOf(random.integer(0, actors - 1)) }])
      loads.push(performance.now() - asked)
    }
    if (round % 150 === 149) console.log(`  after ${(round + 1) / 10} s: ${fileSizes()}`)
  }
  const share = storeCpu / (seconds * 10)
  console.log(`commits of ${commitEntries} entries, ten a second: ${share.toFixed(1)} % of a core`)
  console.log(`  answered: ${quantiles(times)}`)
  console.log(
    `  on the calling thread: ${quantiles(packing)}; ${((1e3 * mean(packing)) / commitEntries).toFixed(3)} µs an entry`,
  )
  console.log(`  load of one actor between: ${quantiles(loads)}`)
  console.log(`  ${fileSizes()}`)
  await measureLoads(store)
  await store.close()

  const memory = process.memoryUsage()
  store = new SqliteCheckpointStore(folder)
  const openingCpu = cpuMs()
  const opening = performance.now()
  await store.claim(partition, 1)
  const openedMs = performance.now() - opening
  console.log(`opened: ${(openedMs / 1e3).toFixed(2)} s, ${((cpuMs() - openingCpu) / 1e3).toFixed(2)} s of processor`)
  const after = process.memoryUsage()
  console.log(`  memory: ${((after.rss - memory.rss) / 2 ** 20).toFixed(0)} MiB more resident`)
  await measureLoads(store)
  const marking = performance.now()
  const { actors: marked } = await store.marked(partition, 1)
  console.log(`${marked.length} marked actors: ${(performance.now() - marking).toFixed(0)} ms`)
} finally {
  await store.close()
  rmSync(folder, { recursive: true })
}

function makeEntries(): ActorEntry[] {
  return Array.from({ length: commitEntries }, () =>
    entryOf(random.integer(0, actors - 1), random.integer(1, 11) === 1 ? 'base' : 'appended'),
  )
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
