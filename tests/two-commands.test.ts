// The launcher and the set-up, in a copy of the checkout whose npm is a stand-in: it counts its calls and "installs" Node.
import type { ChildProcess } from 'node:child_process'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { projectRoot } from '../scripts/source-tree.ts'

const program = `
const [what, value] = process.argv.slice(2)
if (what === 'exit') process.exit(Number(value))
if (what === 'heap') { console.log((await import('node:v8')).getHeapStatistics().heap_size_limit); process.exit(0) }
if (what === 'clean') process.on('SIGTERM', () => process.exit(7))
console.log('ready')
setTimeout(() => process.exit(99), 20_000)
`
const standInNpm = `
const fs = require('node:fs')
fs.appendFileSync('calls.txt', process.argv.slice(2).join(' ') + '\\n')
if (process.env.STAND_IN_FAILS) process.exit(3)
if (process.env.STAND_IN_BLOCKS) process.exit(0)
fs.rmSync('node_modules', { recursive: true, force: true })
fs.mkdirSync('node_modules/node/bin', { recursive: true })
fs.symlinkSync(process.execPath, 'node_modules/node/bin/node')
`

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vigil-commands-'))
  for (const file of [
    'scripts/setup.mjs',
    'services/cli/vigil.mjs',
    'services/cli/node-process.mjs',
    'package-lock.json',
  ]) {
    cpSync(join(projectRoot, file), join(root, file))
  }
  mkdirSync(join(root, 'stand-in'))
  writeFileSync(join(root, 'stand-in/package.json'), '{"type":"commonjs"}')
  writeFileSync(join(root, 'stand-in/npm-cli.js'), standInNpm)
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  writeFileSync(join(root, 'services/cli/vigil.ts'), program)
})
afterEach(() => rmSync(root, { recursive: true }))

function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, npm_execpath: join(root, 'stand-in/npm-cli.js'), ...more }
}

function run(file: string, args: ReadonlyArray<string> = [], more: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, [join(root, file), ...args], { encoding: 'utf8', env: environment(more) })
}

function installations(): number {
  const file = join(root, 'calls.txt')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0
}

describe('setup', () => {
  it('installs once, and again only when the lockfile changes', () => {
    expect(run('scripts/setup.mjs').status).toBe(0)
    expect(run('scripts/setup.mjs')).toMatchObject({ status: 0, stdout: '', stderr: '' })
    expect(installations()).toBe(1)
    appendFileSync(join(root, 'package-lock.json'), '\n')
    expect(run('scripts/setup.mjs').status).toBe(0)
    expect(installations()).toBe(2)
  })

  it('installs once if two start together', async () => {
    const both = [1, 2].map(() => spawn(process.execPath, [join(root, 'scripts/setup.mjs')], { env: environment() }))
    expect(await Promise.all(both.map((child) => once(child, 'exit')))).toEqual([
      [0, null],
      [0, null],
    ])
    expect(installations()).toBe(1)
  })

  it('says what to do when npm fails or may not run install scripts, and tries again next time', () => {
    expect(run('scripts/setup.mjs', [], { STAND_IN_FAILS: '1' })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('check the network'),
    })
    expect(run('scripts/setup.mjs', [], { STAND_IN_BLOCKS: '1' })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--ignore-scripts=false'),
    })
    expect(run('scripts/setup.mjs').status).toBe(0)
  })
})

describe('the launcher', () => {
  it('installs first, and keeps stdout for results', () => {
    expect(run('services/cli/vigil.mjs', ['exit', '5'])).toMatchObject({
      status: 5,
      stdout: '',
      stderr: expect.stringContaining('Installing'),
    })
    expect(run('services/cli/vigil.mjs', ['exit', '0'])).toMatchObject({ status: 0, stderr: '' })
    expect(installations()).toBe(1)
  })

  it('gives the heap at least 2 GB', () => {
    expect(Number(run('services/cli/vigil.mjs', ['heap']).stdout)).toBeGreaterThanOrEqual(2 ** 31)
  })

  it('forwards a signal, and the exit code of a clean stop', async () => {
    const child = await started('clean')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([7, null])
  })

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('exits as a shell would report it when %s ends the program', async (signal, code) => {
    const child = await started('wait')
    child.kill(signal)
    expect(await once(child, 'exit')).toEqual([code, null])
  })
})

/** The launcher, once its program has started. */
async function started(what: string): Promise<ChildProcess> {
  const stdio = ['ignore', 'pipe', 'ignore'] as const
  const child = spawn(process.execPath, [join(root, 'services/cli/vigil.mjs'), what], {
    stdio: [...stdio],
    env: environment(),
  })
  await once(child.stdout!, 'data')
  return child
}
