import { convertValue } from '#shared/domain/convert-value'
import { parseTimestamp } from '#shared/domain/time'
import { int, string } from '#shared/domain/value-type'
import { listShape } from './list-shape.ts'
import { parseYaml } from './parse-yaml.ts'
import { placeName } from './rule-files.ts'
import type { NamedList } from './rule-set.ts'
import type { Infer, Located } from './shape.ts'
import { compareText, type Problems, type SourceFile } from './source-file.ts'

/** Lists by name. One with errors is there too, so that expressions that use it are not wrong as well. */
export function loadLists(files: readonly SourceFile[], problems: Problems): readonly NamedList[] {
  const lists = new Map<string, { readonly list: NamedList; readonly name: Located<string> }>()
  for (const file of files) {
    const root = parseYaml(file, problems)
    const read = root && listShape.read(root, problems)
    if (read?.value.list === undefined) continue
    const name = read.value.list
    const before = lists.get(name.value)
    if (before === undefined) lists.set(name.value, { list: loadList(name.value, read.value, problems), name })
    else
      problems.error(
        name.at,
        'duplicate-name',
        `another list is called "${name.value}"`,
        `it stands at ${placeName(before.name.at)}; rename one of them`,
      )
  }
  return [...lists.values()].map(({ list }) => list).sort((a, b) => compareText(a.name, b.name))
}

function loadList(name: string, { type, entries }: Infer<typeof listShape>, problems: Problems): NamedList {
  const valueType = type?.value === 'int' ? int : string
  const loaded = new Map<string | number, NamedList['entries'][number]>()
  for (const { value: entry } of entries?.value ?? []) {
    if (entry.value === undefined) continue
    const { value: text, at } = entry.value
    const value = convertValue(text.value, valueType)
    if (typeof value !== 'string' && typeof value !== 'number') {
      const hint = type?.value === 'int' ? 'write a whole number, or declare type: string' : `write "${text.written}"`
      if (type) problems.error(at, 'wrong-type', `the entry ${text.written} is not of type ${type.value}`, hint)
      continue
    }
    if (loaded.has(value)) problems.error(at, 'duplicate-entry', `"${value}" stands twice`, 'keep one of the two')
    loaded.set(value, { value, untilMs: untilOf(entry.until, problems) })
  }
  return { name, type: valueType, entries: [...loaded.values()] }
}

function untilOf(until: Located<string> | undefined, problems: Problems): number | undefined {
  if (until === undefined) return undefined
  const ms = parseTimestamp(until.value)
  if (ms === undefined)
    problems.error(
      until.at,
      'wrong-type',
      `"${until.value}" is no time`,
      'write RFC 3339 with a zone: 2026-12-31T00:00:00Z',
    )
  return ms
}
