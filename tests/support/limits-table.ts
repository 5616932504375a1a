// The table of docs/memory-and-limits.md, made of `shared/domain/limits.ts` so that size and reason stand in one place.
// `npx node tests/support/limits-table.ts` writes it; a test fails while the two differ.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../../scripts/source-tree.ts'
import { limits } from '../../shared/domain/limits.ts'

const [start, end] = ['<!-- limits: begin -->\n', '<!-- limits: end -->\n']
const file = join(projectRoot, 'docs/memory-and-limits.md')

/** The document as it should be. */
export function withLimitsTable(document: string): string {
  const [before, rest] = document.split(start)
  const after = rest.split(end)[1]
  return `${before}${start}\n${limitsTable()}\n${end}${after}`
}

export const readLimitsDocument = (): string => readFileSync(file, 'utf8')

function limitsTable(): string {
  const reasons = reasonsOf(readFileSync(join(projectRoot, 'shared/domain/limits.ts'), 'utf8'))
  const rows = Object.entries(limits).map(
    ([name, value]) => `| \`${name}\` | ${sizeText(name, value)} | ${reasons.get(name)?.replaceAll('|', '\\|')} |`,
  )
  return `| limit | size | why |\n| --- | --- | --- |\n${rows.join('\n')}\n`
}

/** The comment above a limit is its reason, and that of those that follow it without one. */
function reasonsOf(source: string): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>()
  let reason = ''
  for (const [, comment, name] of source.matchAll(/^ {2}\/\*\*([\s\S]*?)\*\/$|^ {2}(\w+): /gm)) {
    if (comment !== undefined) reason = comment.replace(/\s*\n\s*\* ?/g, ' ').trim()
    else reasons.set(name, reason)
  }
  return reasons
}

function sizeText(name: string, value: number): string {
  if (name.startsWith('atMs')) return new Date(value).toISOString()
  if (/Ms(Max|Min|Default)?$/.test(name)) return durationText(value)
  if (/Bytes/.test(name) && value >= 1024 && value % 1024 === 0) return `${(value / 1024).toLocaleString('en')} KiB`
  return value.toLocaleString('en')
}

function durationText(ms: number): string {
  const units = [
    ['days', 86_400_000],
    ['hours', 3_600_000],
    ['minutes', 60_000],
    ['seconds', 1_000],
  ] as const
  const [unit, size] = units.find(([, size]) => ms % size === 0 && ms >= size) ?? (['ms', 1] as const)
  return `${(ms / size).toLocaleString('en')} ${unit}`
}

if (import.meta.main) writeFileSync(file, withLimitsTable(readLimitsDocument()))
