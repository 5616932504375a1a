// The workloads on which Vigil is measured against other engines: its alerts are, one by one, those of a plain program
// without any framework that computes the same.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sharedMissing, sharedPath } from '../support/shared-data.ts'
import { type Alert, Workspace } from '../support/vigil-command.ts'

const rows = 300_000

/** The text over which an alert is hashed: a condition's event, or a pattern's first probe and strike. */
const nameOf = ({ rule, event, steps }: Alert): string =>
  steps === undefined ? `${rule}:${event}` : `${rule}:${steps['probe'][0]}:${steps['strike'][0]}`

/** FNV-1a, 32 bit. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

describe.skipIf(sharedMissing('the workloads of other engines', 'anchors'))('the workloads of other engines', () => {
  const workspace = new Workspace()
  const base = (): string => workspace.path('stream')
  const node = (...args: readonly string[]): Promise<{ stdout: string }> => promisify(execFile)(process.execPath, args)
  beforeAll(async () => {
    await node(sharedPath('anchors', 'data', 'generate.mjs'), base(), String(rows), '1')
  }, 120_000)
  afterAll(() => workspace.close())

  it.each(['w1', 'w2', 'w3'])('%s: count and hash', { timeout: 120_000 }, async (workload) => {
    const events = `${base()}.jsonl`
    const [plain, replay] = await Promise.all([
      node(sharedPath('anchors', 'plain-node', 'main.mjs'), events, workload),
      workspace.replay(sharedPath('anchors', 'vigil', workload), events, '--order', 'arrival'),
    ])
    const standing = new Map(replay.lines.map((alert) => [alert.id, alert]))
    const hash = [...standing.values()].reduce((sum, alert) => (sum + hashOf(nameOf(alert))) % 2 ** 32, 0)
    const expected = /alerts=(\d+) hash=([0-9a-f]{8}) rules=\{(.*)\}/.exec(plain.stdout)
    expect(Number(expected?.[1])).toBeGreaterThan(500)
    expect([standing.size, hash.toString(16).padStart(8, '0')]).toEqual([Number(expected?.[1]), expected?.[2]])
    const byRule = Object.entries(replay.summary.alerts).filter(([, count]) => count > 0)
    expect(byRule.map(([rule, count]) => `${rule}=${count}`).sort()).toEqual(expected?.[3].split(', '))
    expect(replay.summary).toMatchObject({ rows, events: rows, late: 0, deadLetters: {} })
  })
})
