import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, expect, it } from 'vitest'
import { KeptStdin } from './kept-stdin.ts'
import { ruleSets, twoKeys } from './testing/replay-cases.ts'
import { usefulThreads } from './thread-count.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigil-threads-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Only their size counts. */
function file(name: string, megabytes: number): string {
  const path = join(folder, name)
  writeFileSync(path, '')
  truncateSync(path, megabytes * 2 ** 20)
  return path
}

const small = file('small.jsonl', 63)
const large = file('large.jsonl', 400)
const cores = Math.min(8, availableParallelism())
const stdin = (): KeptStdin => new KeptStdin(Readable.from([Buffer.alloc(300)]))
const { plain, absences, scenario } = ruleSets
const work = { ruleSet: plain, order: 'event-time', files: [large], format: undefined, map: undefined } as const

it('takes all cores for a large file, and one for a small one', async () => {
  expect(await usefulThreads({ ...work, stdin: stdin() })).toBe(cores)
  expect(await usefulThreads({ ...work, files: [small], stdin: stdin() })).toBe(1)
  expect(await usefulThreads({ ...work, files: [file('packed.jsonl.gz', 25)], stdin: stdin() })).toBe(
    Math.min(3, cores),
  )
})

it.each([
  ['events that come to several actors', { ruleSet: twoKeys }, 1],
  ['scenarios in order of arrival', { ruleSet: scenario, order: 'arrival' }, 1],
  ['absences in order of arrival', { ruleSet: absences, order: 'arrival' }, 1],
  ['neither of both in order of arrival', { order: 'arrival' }, cores],
  ['scenarios in event order', { ruleSet: scenario }, cores],
  ['absences in event order', { ruleSet: absences }, cores],
  ['a map', { map: { name: 'bank.map.yaml', text: '' } }, cores < 4 ? 1 : cores],
  ['Parquet', { files: [file('table.parquet', 400)] }, 1],
  ['stdin in order of arrival', { files: [large, '-'], format: 'json', order: 'arrival' }, 1],
  ['stdin with scenarios', { files: [large, '-'], format: 'json', ruleSet: scenario }, 1],
  ['stdin beside a large file', { files: [large, '-'], format: 'json' }, cores],
  ['a short stdin', { files: ['-'], format: 'json' }, 1],
] as const)('has for %s', async (_name, change, threads) => {
  expect(await usefulThreads({ ...work, ...change, stdin: stdin() })).toBe(threads)
})
