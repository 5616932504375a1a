import { parseYaml } from '#shared/rule-language/parse-yaml'
import { list, optional, record, required } from '#shared/rule-language/shape'
import { name, prose, word } from '#shared/rule-language/shape-scalars'
import { type Place, Problems, SourceFile } from '#shared/rule-language/source-file'
import { ingestLimits } from './ingest-limits.ts'
import { readSourceAddress, type SourceAddress, variableEnds, variablePrefix } from './source-address.ts'

/** A source as the file has it. */
export interface WrittenSource {
  readonly name: string
  /** undefined: it has a mistake. */
  readonly address: SourceAddress | undefined
  /** Where `from` stands. */
  readonly at: Place
  /** Path as written, and its place. */
  readonly map: { readonly path: string; readonly at: Place } | undefined
}

const sourceShape = record(
  {
    name: required(name(word, 'core-banking'), 'Names the source: in metrics, dead letters and variables.'),
    from: required(
      prose('kafka://HOST:9092/TOPIC'),
      'Where its messages are: kafka://… or nats://…, without credentials.',
    ),
    map: optional(
      prose('maps/core-banking.map.yaml'),
      "A MAP for the bank's own JSON, beside this file. Without it: Vigil's own JSON.",
    ),
  },
  { name: 'a source' },
)

const fileShape = record(
  { sources: required(list(sourceShape, { min: 1, max: ingestLimits.sourcesMax }), 'The streams that are read.') },
  { name: 'a file of sources' },
)

/** Reads the file of `VIGIL_SOURCES`. All mistakes are in `problems`. */
export function readSourceFile(
  file: { readonly name: string; readonly text: string },
  problems: Problems,
): readonly WrittenSource[] {
  const root = parseYaml(new SourceFile(file.name, file.text), problems)
  const written = (root && fileShape.read(root, problems)?.value.sources?.value) ?? []
  const byPrefix = new Map<string, string>()
  return written.flatMap(({ value }): readonly WrittenSource[] => {
    if (value.name === undefined) return []
    const { value: source, at } = value.name
    const prefix = variablePrefix(source)
    const other = byPrefix.get(prefix)
    byPrefix.set(prefix, source)
    if (other !== undefined)
      problems.error(
        at,
        'duplicate-name',
        other === source
          ? `"${source}" stands twice`
          : `"${source}" and "${other}" have the same variables, ${prefix}…`,
        'give each source a name of its own',
      )
    const from = value.from && { address: readSourceAddress(source, value.from.value), at: value.from.at }
    const map = value.map && { path: value.map.value, at: value.map.at }
    if (from === undefined) return [{ name: source, address: undefined, at, map }]
    if (!('message' in from.address)) return [{ name: source, address: from.address, at: from.at, map }]
    const { code, message, hint } = from.address
    problems.error(from.at, code, message, hint)
    return [{ name: source, address: undefined, at: from.at, map }]
  })
}

/** The variables of the sources of a file, whatever else is wrong in it: for whoever looks for unknown ones. */
export function sourceVariables(text: string): readonly string[] {
  const root = parseYaml(new SourceFile('', text), new Problems())
  const written = root && fileShape.read(root, new Problems())?.value.sources?.value
  const names = (written ?? []).flatMap(({ value }) => (value.name === undefined ? [] : [value.name.value]))
  return names.flatMap((source) => variableEnds.map((end) => `${variablePrefix(source)}${end}`))
}
