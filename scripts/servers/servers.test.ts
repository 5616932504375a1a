import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import { serverFor } from '../../tests/support/servers.ts'
import { projectRoot } from '../source-tree.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigil-servers-test-'))
  for (const part of ['cache', 'tmp', 'bin']) mkdirSync(join(folder, part))
})
afterEach(() => rmSync(folder, { recursive: true }))

type Child = ChildProcessByStdio<null, Readable, Readable>

/** In a world that holds what the folder does, unless told otherwise. */
function servers(args: readonly string[], more: NodeJS.ProcessEnv = {}): Child {
  const own = { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache'), TMPDIR: join(folder, 'tmp') }
  const { VIGIL_TEST_REDIS_URL: _, ...outer } = process.env
  return spawn(process.execPath, [join(projectRoot, 'scripts/servers.mjs'), ...args], {
    env: { ...outer, ...own, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function finished(child: Child) {
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, stdout, stderr }
}

const printing = (expression: string, code = 0): string[] => [
  '--',
  process.execPath,
  '-e',
  `console.log(${expression}); process.exitCode = ${code}`,
]
const redisUrl = 'process.env.VIGIL_TEST_REDIS_URL'

describe('npm run servers', () => {
  it('uses a given URL as it is, and ends with the exit code of its command', async () => {
    const given = { VIGIL_TEST_REDIS_URL: 'redis://elsewhere:1' }
    expect(await finished(servers(['--only', 'redis', ...printing(redisUrl, 3)], given))).toEqual({
      code: 3,
      stdout: 'redis://elsewhere:1\n',
      stderr: '',
    })
  })

  it('says in one line what cannot be had and what to do, and goes on without it', async () => {
    const { code, stdout, stderr } = await finished(servers(['--only=redis', ...printing(redisUrl)]))
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'undefined\n' })
    const lines = stderr.trim().split('\n')
    expect(lines.filter((line) => line.startsWith('servers: no redis: '))).toHaveLength(1)
    expect(lines.at(-1)).toMatch(
      /there is no python3 here; set VIGIL_TEST_REDIS_URL, start Docker, or have valkey-server/,
    )
  })

  it('fails without a command where it could start none', async () => {
    expect(await finished(servers(['--only', 'redis']))).toMatchObject({ code: 1, stdout: '' })
  })

  it.each([[['--only']], [['--only', 'mysql']], [['redis']]])('refuses the arguments %j', async (args) => {
    const usage = expect.stringContaining('usage: npm run servers')
    expect(await finished(servers(args))).toMatchObject({ code: 2, stderr: usage })
  })

  it('uses containers where an engine answers, and removes them afterwards', async () => {
    const docker = join(folder, 'bin/docker')
    writeFileSync(docker, `#!/bin/sh\necho "$VIGIL_VALKEY_PORT $*" >> ${join(folder, 'calls.txt')}\n`)
    chmodSync(docker, 0o755)
    const { code, stdout } = await finished(servers(['--only', 'redis', ...printing(redisUrl)]))
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^redis:\/\/127\.0\.0\.1:\d+\n$/) })
    const port = stdout.trim().split(':').at(-1)
    const calls = readFileSync(join(folder, 'calls.txt'), 'utf8').trim().split('\n').slice(2)
    expect(calls).toEqual([
      expect.stringMatching(`^${port} compose --project-name vigil-test-.* up --detach --wait valkey$`),
      expect.stringMatching(`^${port} compose --project-name vigil-test-.* down --volumes`),
    ])
  })
})

const withServer = 'the end of npm run servers'
const url = await serverFor(withServer, 'redis')
describe.skipIf(url === undefined)(withServer, () => {
  const machine = { PATH: process.env['PATH'], XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] }

  const isOpen = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      socket.on('connect', () => socket.destroy()).on('error', () => resolve(false))
    })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const)(
    'by %s stops the servers and removes their data',
    async (signal) => {
      const child = servers(['--only', 'redis'], machine)
      const [line] = await once(createInterface(child.stdout), 'line')
      const port = Number(String(line).split(':').at(-1))
      expect(await isOpen(port)).toBe(true)
      expect(readdirSync(join(folder, 'tmp')).some((entry) => entry.startsWith('vigil-servers-'))).toBe(true)
      child.kill(signal)
      await once(child, 'exit')
      // After SIGKILL it is the keeper that does it, a moment later.
      await vi.waitFor(async () => expect(await isOpen(port)).toBe(false), { timeout: 8_000 })
      await vi.waitFor(() => expect(readdirSync(join(folder, 'tmp'))).toEqual([]), { timeout: 8_000 })
    },
    20_000,
  )
})

describe('compose.yaml', () => {
  const composed = parse(readFileSync(join(projectRoot, 'compose.yaml'), 'utf8'))
  const { volumes, configs } = composed
  // Those with a profile are no servers of Vigil.
  const services = Object.fromEntries(
    Object.entries<Record<string, never>>(composed.services).filter(([, { profiles }]) => profiles === undefined),
  )

  it('has the four servers, at one version each, on loopback, with a health check', () => {
    expect(Object.keys(services).sort()).toEqual(['kafka', 'nats', 'postgres', 'valkey'])
    for (const [name, { image, ports, healthcheck }] of Object.entries<Record<string, never>>(services)) {
      expect(image).toMatch(/^[a-z/]+:\d+\.\d+(?:\.\d+)?(?:-alpine)?$/)
      expect(ports).toEqual([
        expect.stringMatching(`^127\\.0\\.0\\.1:\\$\\{VIGIL_${name.toUpperCase()}_PORT:-(\\d+)\\}:\\1$`),
      ])
      expect(healthcheck).toEqual({
        test: expect.arrayContaining(['CMD']),
        interval: expect.stringMatching(/^\d+s$/),
        timeout: expect.stringMatching(/^\d+s$/),
        retries: expect.any(Number),
      })
    }
  })

  it('declares the volumes and files that it mounts', () => {
    const mounted = Object.values<{ volumes: string[] }>(composed.services).flatMap((service) => service.volumes)
    const named = mounted.map((mount) => mount.split(':')[0]).filter((name) => !name.startsWith('.'))
    expect(named.sort()).toEqual(Object.keys(volumes).sort())
    expect(composed.services.nats.configs.map(({ source }: { source: string }) => source)).toEqual(Object.keys(configs))
  })
})
