import type { EventSchema } from '#shared/domain/event-schema'
import { string, type ValueType } from '#shared/domain/value-type'
import { type Diagnostic, nearest } from '#shared/rule-language/diagnostic'
import { parseYaml } from '#shared/rule-language/parse-yaml'
import type { Entry } from '#shared/rule-language/shape'
import { type Place, Problems, SourceFile } from '#shared/rule-language/source-file'
import { leavesOf, type TypePlan, typePlans } from './event-plan.ts'
import { MapDecoder, type MapPlan, type MapTarget } from './map-decoder.ts'
import { MapExpressions } from './map-expression.ts'
import { type ExpressionText, type FieldSource, mapFileShape, type WrittenMap } from './map-shape.ts'
import type { RowShape } from './row-shape.ts'

/**
 * A MAP (command-line.md, Replay) that was read and checked against the schema. It is bound to each input, since only a header tells
 * which columns exist.
 */
export class MapFile {
  readonly schema: EventSchema
  /** What is wrong with it, whatever the input. */
  readonly diagnostics: readonly Diagnostic[]
  readonly #maps: readonly CheckedMap[]

  private constructor(schema: EventSchema, maps: readonly CheckedMap[], diagnostics: readonly Diagnostic[]) {
    this.schema = schema
    this.#maps = maps
    this.diagnostics = diagnostics
  }

  /** @param name as messages shall have it */
  static read({ name, text }: { readonly name: string; readonly text: string }, schema: EventSchema): MapFile {
    const problems = new Problems()
    const root = parseYaml(new SourceFile(name, text), problems)
    const written = root && mapFileShape.read(root, problems)?.value.maps?.value
    const plans = typePlans(schema)
    const maps = (written ?? []).map(({ value }) => checkMap(value, plans, problems))
    return new MapFile(schema, maps, problems.sorted())
  }

  /** Checks the expressions against what the input's rows look like. */
  bind(shape: RowShape): BoundMap {
    const problems = new Problems()
    const expressions = new MapExpressions(shape)
    const plans: MapPlan[] = []
    for (const { type, when, fields } of this.#maps) {
      const condition = when && expressions.condition(when, problems)
      const compiled = fields.flatMap(({ target, expression }) => {
        const evaluate = expressions.value(expression, target.type, problems)
        return evaluate === undefined ? [] : [{ target, evaluate }]
      })
      if (type !== undefined) plans.push({ type: type.name, when: condition, fields: compiled })
    }
    const { columns } = expressions
    return {
      decoder: new MapDecoder(this.schema, plans),
      diagnostics: problems.sorted(),
      columns: columns.isWhole ? undefined : [...columns.names],
    }
  }
}

export interface BoundMap {
  /** To be used only where neither the map file nor this has an error. */
  readonly decoder: MapDecoder
  readonly diagnostics: readonly Diagnostic[]
  /** Columns that are needed; undefined: all. */
  readonly columns: readonly string[] | undefined
}

interface CheckedMap {
  readonly type: TypePlan | undefined
  readonly when: ExpressionText | undefined
  readonly fields: readonly { readonly target: MapTarget; readonly expression: ExpressionText }[]
}

const envelope: readonly MapTarget[] = [
  { path: 'id', type: string, isRequired: true, isKey: false },
  { path: 'at', type: { kind: 'timestamp' } as ValueType, isRequired: true, isKey: false },
]

function checkMap(written: WrittenMap, plans: readonly TypePlan[], problems: Problems): CheckedMap {
  const type = written.event && findType(written.event.value, written.event.at, plans, problems)
  const targets = new Map([...envelope, ...(type === undefined ? [] : leavesOf(type))].map((leaf) => [leaf.path, leaf]))
  const given = new Map<string, { readonly target: MapTarget; readonly expression: ExpressionText }>()
  for (const { path, at, expression } of flatten(written.fields?.value ?? [], '')) {
    const target = targets.get(path)
    if (target === undefined) {
      if (type !== undefined) reportField(path, at, type, [...targets.keys()], problems)
    } else if (given.has(path)) problems.error(at, 'duplicate-key', `"${path}" is given twice`, 'keep one of the two')
    else given.set(path, { target, expression })
  }
  if (written.fields !== undefined && type !== undefined)
    for (const { path, isRequired } of targets.values())
      if (isRequired && !given.has(path))
        problems.error(written.fields.at, 'missing-field', `"${type.name}" needs "${path}"`, `add ${path}: row.COLUMN`)
  return { type, when: written.when?.value, fields: [...given.values()] }
}

function findType(name: string, at: Place, plans: readonly TypePlan[], problems: Problems): TypePlan | undefined {
  const type = plans.find((plan) => plan.name === name)
  if (type !== undefined) return type
  const names = plans.map((plan) => plan.name)
  const near = nearest(name, names)
  const hint = near === undefined ? `event types are ${names.join(', ')}` : `did you mean "${near}"?`
  problems.error(at, 'unknown-event', `no event type "${name}" is declared`, hint)
  return undefined
}

function reportField(path: string, at: Place, type: TypePlan, paths: readonly string[], problems: Problems): void {
  const near = nearest(path, paths)
  const fallback = near === undefined ? `its fields are ${paths.join(', ')}` : `did you mean "${near}"?`
  const hint = path === 'type' ? 'the type is written as event: NAME, beside fields' : fallback
  problems.error(at, 'unknown-field', `"${type.name}" has no field "${path}"`, hint)
}

interface FlatField {
  readonly path: string
  readonly at: Place
  readonly expression: ExpressionText
}

const flatten = (entries: readonly Entry<FieldSource>[], prefix: string): FlatField[] =>
  entries.flatMap(({ key, value }) => {
    const path = prefix + key.value
    if (value === undefined) return []
    if (value.value.kind === 'object') return flatten(value.value.fields, `${path}.`)
    return [{ path, at: key.at, expression: value.value.expression }]
  })
