import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { projectRoot } from '../../scripts/source-tree.ts'
import type { Found } from './findings.ts'

export interface Replayed extends Found {
  readonly key: string
  readonly at: number
}

/**
 * Alerts that stand at the end of `vigil replay` of a file, in order of arrival.
 * @param out   where its alerts are written
 * @param flags of the command, as its rules
 */
export async function replayed(out: string, file: string, flags: readonly string[]): Promise<readonly Replayed[]> {
  const vigil = join(projectRoot, 'services/cli/vigil.ts')
  const all = [...flags, '--events', file, '--order', 'arrival', '--out', out]
  await promisify(execFile)(process.execPath, [vigil, 'replay', ...all])
  const last = new Map<string, Replayed & { status: string }>()
  for (const text of (await readFile(out, 'utf8')).split('\n')) {
    if (text === '') continue
    const { id, at, key, status } = JSON.parse(text)
    last.set(id, { id, text, key, status, at: Date.parse(at) })
  }
  return [...last.values()].filter(({ status }) => status !== 'withdrawn')
}

export const byId = (a: Found, b: Found): number => (a.id < b.id ? -1 : 1)

/** An alert of the service, as a replay tells it. */
export const withoutTrace = ({ id, text }: Found): Found => ({
  id,
  text: text.replace(/,"traceId":"[0-9a-f]{32}"\}$/, '}'),
})
