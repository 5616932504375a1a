import { compareText, type Place, type Problems, SourceFile } from './source-file.ts'

/** The files of a rule set by what they are. In order of their paths, so that no result depends on a file system. */
export interface RuleFiles {
  readonly events: SourceFile | undefined
  readonly lists: readonly SourceFile[]
  readonly rules: readonly SourceFile[]
  readonly scenarios: readonly SourceFile[]
  readonly tests: readonly SourceFile[]
}

/**
 * @param files text by path relative to the rule set's folder, with `/`
 * Files of other names are ignored; one that is nearly right is warned of, since its author believes that it works.
 */
export function sortFiles(files: ReadonlyMap<string, string>, problems: Problems): RuleFiles {
  const sources = [...files]
    .map(([path, text]) => new SourceFile(path, text))
    .sort((a, b) => compareText(a.name, b.name))
  const ofKind = (kind: FileKind): SourceFile[] => sources.filter((file) => kindOf(file.name) === kind)
  for (const file of sources) if (kindOf(file.name) === undefined) warnOfNearMiss(file, problems)
  return {
    events: ofKind('events')[0],
    lists: ofKind('list'),
    rules: ofKind('rule'),
    scenarios: ofKind('scenario'),
    tests: ofKind('test'),
  }
}

/** `card-testing` of `card-testing/probe.rule.yaml`; empty for a file at the top. */
export const folderOf = (file: SourceFile): string => file.name.slice(0, Math.max(file.name.lastIndexOf('/'), 0))

/** `probe.rule.yaml:3`, for messages about another place. */
export const placeName = ({ file, offset }: Place): string => `${file.name}:${file.lineOf(offset)}`

type FileKind = 'events' | 'list' | 'rule' | 'scenario' | 'test'

function kindOf(path: string): FileKind | undefined {
  if (path === 'events.yaml') return 'events'
  if (path.endsWith('.rule.yaml')) return 'rule'
  if (path.endsWith('.test.yaml')) return 'test'
  if (/(^|\/)scenario\.yaml$/.test(path)) return 'scenario'
  if (path.startsWith('lists/') && path.endsWith('.yaml')) return 'list'
  return undefined
}

/** What a file of any name is that holds such a key at its top. */
const writtenKinds: ReadonlyMap<string, string> = new Map([
  ['rule', 'rule'],
  ['tests', 'test'],
  ['scenario', 'scenario'],
  ['events', 'events'],
])

function warnOfNearMiss(file: SourceFile, problems: Problems): void {
  const near = /(?:^|\/)(?:(.*)\.)?(rules?|tests?|scenarios?|events?)\.ya?ml$/i.exec(file.name)
  const isList = /^lists?\/.*\.ya?ml$/i.test(file.name)
  const written = /^(rule|scenario|list|events|tests)[ \t]*:/m.exec(file.text)?.[1]
  if (near === null && !isList && written === undefined) return
  const kind = (near?.[2] ?? (isList ? undefined : writtenKinds.get(written ?? '')))?.toLowerCase().replace(/s$/, '')
  const name =
    kind === undefined
      ? 'lists/NAME.yaml'
      : kind === 'event'
        ? 'events.yaml at the top'
        : kind === 'scenario'
          ? 'scenario.yaml'
          : `${near?.[1] ?? 'NAME'}.${kind}.yaml`
  problems.warning(file.at(0), 'ignored-file', 'a file of this name is not read', `call it ${name}`)
}
