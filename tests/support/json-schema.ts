type Schema = { readonly [keyword: string]: unknown }

/**
 * Checks a value against as much of JSON Schema 2020-12 as the project's schemas use. An unknown keyword throws, so that none is
 * passed over.
 * @returns what is wrong, as `path: keyword`
 */
export function violations(schema: Schema, value: unknown, root: Schema = schema, path = ''): readonly string[] {
  return Object.entries(schema).flatMap(([keyword, argument]) => {
    const check = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined
    if (check === undefined) throw new Error(`the keyword ${keyword} is not known`)
    const found = check(argument as never, value, {
      schema,
      at: (sub, part, name) => violations(sub as Schema, part, root, name === undefined ? path : `${path}/${name}`),
      resolve: (reference) =>
        reference
          .split('/')
          .slice(1)
          .reduce<unknown>((node, name) => (node as Schema)[name], root),
    })
    return found === true ? [] : found === false ? [`${path}: ${keyword}`] : found
  })
}

interface Context {
  readonly schema: Schema
  at(schema: unknown, value: unknown, name?: string): readonly string[]
  resolve(reference: string): unknown
}

type Check = (argument: never, value: unknown, context: Context) => boolean | readonly string[]

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const typeOf = (value: unknown): readonly string[] => {
  if (value === null) return ['null']
  if (Array.isArray(value)) return ['array']
  return Number.isInteger(value) ? ['integer', 'number'] : [typeof value]
}

const ignored: Check = () => true

const keywords: Readonly<Record<string, Check>> = {
  $schema: ignored,
  $defs: ignored,
  title: ignored,
  description: ignored,
  $ref: (reference: string, value, { at, resolve }) => at(resolve(reference), value),
  type: (types: string | readonly string[], value) => typeOf(value).some((type) => [types].flat().includes(type)),
  enum: (values: readonly unknown[], value) => values.includes(value),
  pattern: (pattern: string, value) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value),
  minLength: (min: number, value) => typeof value !== 'string' || value.length >= min,
  maxLength: (max: number, value) => typeof value !== 'string' || value.length <= max,
  minimum: (min: number, value) => typeof value !== 'number' || value >= min,
  maximum: (max: number, value) => typeof value !== 'number' || value <= max,
  minItems: (min: number, value) => !Array.isArray(value) || value.length >= min,
  maxItems: (max: number, value) => !Array.isArray(value) || value.length <= max,
  items: (items: Schema, value, { at }) =>
    !Array.isArray(value) || value.flatMap((element, i) => at(items, element, String(i))),
  required: (names: readonly string[], value) => !isObject(value) || names.every((name) => Object.hasOwn(value, name)),
  properties: (properties: Readonly<Record<string, Schema>>, value, { at }) =>
    !isObject(value) ||
    Object.entries(value).flatMap(([name, part]) =>
      Object.hasOwn(properties, name) ? at(properties[name], part, name) : [],
    ),
  additionalProperties: (others: boolean | Schema, value, { schema, at }) => {
    if (!isObject(value)) return true
    const known = isObject(schema['properties']) ? schema['properties'] : {}
    const rest = Object.entries(value).filter(([name]) => !Object.hasOwn(known, name))
    if (typeof others === 'boolean') return others || rest.length === 0
    return rest.flatMap(([name, part]) => at(others, part, name))
  },
  propertyNames: (names: Schema, value, { at }) =>
    !isObject(value) || Object.keys(value).flatMap((name) => at(names, name, name)),
  allOf: (all: readonly Schema[], value, { at }) => all.flatMap((schema) => at(schema, value)),
  anyOf: (any: readonly Schema[], value, { at }) => any.some((schema) => at(schema, value).length === 0),
  oneOf: (one: readonly Schema[], value, { at }) => one.filter((schema) => at(schema, value).length === 0).length === 1,
}
