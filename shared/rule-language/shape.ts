import { isMap, isSeq } from 'yaml'
import { nearest } from './diagnostic.ts'
import type { Place, Problems } from './source-file.ts'
import { describe, elementsOf, entriesOf, inPlaceOf, isNull, isReported, nameOf, type YamlNode } from './yaml-node.ts'

/**
 * What a part of a file may look like. One shape does both: it reads the part, reporting each mistake at its place, and it gives
 * the JSON Schema of it. So what an editor completes and what the loader takes cannot drift apart.
 */
export interface Shape<T> {
  /** @returns undefined: it has another shape, which was reported */
  read(node: YamlNode, problems: Problems): Located<T> | undefined
  schema(definitions: Definitions): JsonSchema
  /** A value of this shape, for hints. */
  readonly example: string
}

export interface Located<T> {
  readonly value: T
  readonly at: Place
}

export type JsonSchema = { readonly [keyword: string]: unknown }

/** Schemas that are named and referred to. */
export type Definitions = Map<string, JsonSchema | undefined>

export type Infer<S> = S extends Shape<infer T> ? T : never

export interface Key<T> {
  readonly shape: Shape<T>
  readonly isRequired: boolean
  /** What the key means, for completion in editors. */
  readonly about: string
}

export type Keys = { readonly [key: string]: Key<unknown> }

/** A key that is absent, or whose value was refused, is undefined. */
export type RecordOf<K extends Keys> = {
  readonly [key in keyof K]: K[key] extends Key<infer T> ? Located<T> | undefined : never
} & {
  /** Keys that stand there, refused values too: what is wrong already is not missing as well. */
  readonly written: ReadonlySet<string>
}

export const required = <T>(shape: Shape<T>, about: string): Key<T> => ({ shape, isRequired: true, about })
export const optional = <T>(shape: Shape<T>, about: string): Key<T> => ({ shape, isRequired: false, about })

interface RecordOptions {
  /** What the map stands for, for messages: `a rule`. */
  readonly name: string
  /** Sets of keys of which exactly one must stand. */
  readonly exactlyOne?: readonly (readonly string[])[]
}

/** A map with known keys. */
export function record<K extends Keys>(keys: K, { name, exactlyOne = [] }: RecordOptions): Shape<RecordOf<K>> {
  return {
    example: '{ … }',
    read(node, problems) {
      if (!isMap(node.ast))
        return refuse(node, problems, 'a map', `${name} has the keys ${Object.keys(keys).join(', ')}`)
      const written = new Set<string>()
      const read: Record<string, unknown> = { written }
      for (const key of Object.keys(keys)) read[key] = undefined
      const entries = entriesOf(node, node.ast)
      const known = new Set(entries.map(({ key }) => key))
      for (const { key: given, keyAt, value } of entries) {
        const key = Object.hasOwn(keys, given)
          ? given
          : reportUnknownKey(given, keyAt, keys, name, isNull(value), problems)
        // A slip in a key hides neither its value nor what depends on it.
        if (key === undefined || (key !== given && known.has(key))) continue
        written.add(key)
        if (isNull(value)) reportNoValue(key, keyAt, keys[key], problems)
        else if (!isReported(value)) read[key] = keys[key].shape.read(value, problems)
      }
      for (const [key, { isRequired, shape }] of Object.entries(keys))
        if (isRequired && !written.has(key))
          problems.error(node.at, 'missing-key', `${name} needs "${key}"`, `add ${key}: ${shape.example}`)
      for (const choice of exactlyOne) reportChoice(choice, written, node.at, name, problems)
      return { value: read as RecordOf<K>, at: node.at }
    },
    schema(definitions) {
      const choices = exactlyOne.map((choice) => ({ oneOf: choice.map((key) => ({ required: [key] })) }))
      return {
        type: 'object',
        additionalProperties: false,
        required: Object.keys(keys).filter((key) => keys[key].isRequired),
        properties: Object.fromEntries(
          Object.entries(keys).map(([key, { shape, about }]) => [
            key,
            { ...shape.schema(definitions), description: about },
          ]),
        ),
        ...(choices.length > 0 && { allOf: choices }),
      }
    },
  }
}

/** @returns the key that was probably meant */
function reportUnknownKey(
  key: string,
  at: Place,
  keys: Keys,
  name: string,
  isEmpty: boolean,
  problems: Problems,
): string | undefined {
  const near = nearest(key, Object.keys(keys))
  const others = isEmpty
    ? 'within { } a comma ends a value: if this belongs to the value before it, put that in quotes'
    : `its keys are ${Object.keys(keys).join(', ')}`
  const hint = near === undefined ? others : `did you mean "${near}"?`
  problems.error(at, 'unknown-key', `${name} has no key "${key}"`, hint)
  return near
}

function reportNoValue(key: string, at: Place, { isRequired, shape }: Key<unknown>, problems: Problems): void {
  const remedy = isRequired ? '' : ', or leave the key out'
  problems.error(at, 'missing-value', `"${key}" has no value`, `write ${key}: ${shape.example}${remedy}`)
}

function reportChoice(
  choice: readonly string[],
  written: ReadonlySet<string>,
  at: Place,
  name: string,
  problems: Problems,
): void {
  const [first, second] = choice.filter((key) => written.has(key))
  if (first === undefined)
    problems.error(
      at,
      'missing-key',
      `${name} needs one of ${choice.join(', ')}`,
      `add one of them, for example ${choice[0]}`,
    )
  else if (second !== undefined)
    problems.error(at, 'conflicting-keys', `${name} has both "${first}" and "${second}"`, 'keep one of the two')
}

export interface Entry<T> {
  readonly key: Located<string>
  /** undefined: it was refused, or is null where that may be. */
  readonly value: Located<T> | undefined
}

/** A map with keys that the author chooses. `of` may be given late, for shapes that hold themselves. */
export function dictionary<T>(
  of: Shape<T>,
  names: { readonly pattern: RegExp; readonly are: string },
  { mayBeNull = false } = {},
): Shape<readonly Entry<T>[]> {
  return {
    example: `{ name: ${of.example} }`,
    read(node, problems) {
      if (!isMap(node.ast))
        return refuse(node, problems, 'a map', `write ${inPlaceOf(node, `{ name: ${of.example} }`)}`)
      const entries: Entry<T>[] = []
      for (const { key, keyAt, value } of entriesOf(node, node.ast)) {
        if (!names.pattern.test(key)) problems.error(keyAt, 'bad-name', `"${key}" is no name`, `names are ${names.are}`)
        if (isNull(value) && !mayBeNull)
          problems.error(keyAt, 'missing-value', `"${key}" has no value`, `write ${key}: ${of.example}`)
        entries.push({ key: { value: key, at: keyAt }, value: hasValue(value) ? of.read(value, problems) : undefined })
      }
      return { value: entries, at: node.at }
    },
    schema: (definitions) => ({
      type: 'object',
      propertyNames: { pattern: names.pattern.source },
      additionalProperties: of.schema(definitions),
    }),
  }
}

interface ListOptions {
  readonly min?: number
  readonly max?: number
  /** A single value may stand for a list of one. */
  readonly orOne?: boolean
}

export function list<T>(of: Shape<T>, { min = 0, max, orOne = false }: ListOptions = {}): Shape<readonly Located<T>[]> {
  return {
    example: orOne ? of.example : `[${of.example}]`,
    read(node, problems) {
      if (!isSeq(node.ast)) {
        if (!orOne || isMap(node.ast))
          return refuse(node, problems, 'a list', `write ${inPlaceOf(node, `[${of.example}]`)}`)
        const one = of.read(node, problems)
        return one && { value: [one], at: node.at }
      }
      const nodes = elementsOf(node, node.ast)
      if (nodes.length < min)
        problems.error(
          node.at,
          'out-of-bounds',
          `${nameOf(node)} is empty`,
          `write ${inPlaceOf(node, `[${of.example}]`)}`,
        )
      if (max !== undefined && nodes.length > max)
        problems.error(
          node.at,
          'out-of-bounds',
          `${nameOf(node)} has ${nodes.length} elements; at most ${max} are taken`,
          'split it',
        )
      const elements: Located<T>[] = []
      for (const element of nodes.slice(0, max)) {
        if (isNull(element)) {
          problems.error(element.at, 'missing-value', `${nameOf(element)} has no value`, `write ${of.example}`)
          continue
        }
        const read = isReported(element) ? undefined : of.read(element, problems)
        if (read !== undefined) elements.push(read)
      }
      return { value: elements, at: node.at }
    },
    schema(definitions) {
      const element = of.schema(definitions)
      const array = {
        type: 'array',
        items: element,
        ...(min > 0 && { minItems: min }),
        ...(max !== undefined && { maxItems: max }),
      }
      return orOne ? { anyOf: [element, array] } : array
    },
  }
}

/** A shape that may hold itself, under the name that its schema has. */
export function recursive<T>(name: string, define: () => Shape<T>): Shape<T> {
  let defined: Shape<T> | undefined
  const shape = (): Shape<T> => {
    defined ??= define()
    return defined
  }
  return {
    example: '…',
    read: (node, problems) => shape().read(node, problems),
    schema(definitions) {
      if (!definitions.has(name)) {
        definitions.set(name, undefined)
        definitions.set(name, shape().schema(definitions))
      }
      return { $ref: `#/$defs/${name}` }
    },
  }
}

const hasValue = (node: YamlNode): boolean => !isNull(node) && !isReported(node)

/** Reports that something else was expected. */
export function refuse(node: YamlNode, problems: Problems, expected: string, hint: string): undefined {
  problems.error(node.at, 'wrong-type', `${nameOf(node)} must be ${expected}, not ${describe(node)}`, hint)
  return undefined
}
