import { eventsShape } from './events-shape.ts'
import { listShape } from './list-shape.ts'
import { ruleShape } from './rule-shape.ts'
import { ruleTestShape } from './rule-test-shape.ts'
import { scenarioShape } from './scenario-shape.ts'
import type { Definitions, JsonSchema, Shape } from './shape.ts'

/** Each kind of file by the name of its schema. */
export const fileShapes: Readonly<Record<string, Shape<unknown>>> = {
  events: eventsShape,
  list: listShape,
  rule: ruleShape,
  scenario: scenarioShape,
  test: ruleTestShape,
}

/** JSON Schema 2020-12 of all files of a rule set, for completion in editors. It comes from the shapes that the loader reads with. */
export function ruleFilesSchema(): JsonSchema {
  const definitions: Definitions = new Map()
  const files = Object.entries(fileShapes).map(([name, shape]) => [name, shape.schema(definitions)] as const)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A file of a Vigil rule set',
    oneOf: files.map(([name]) => ({ $ref: `#/$defs/${name}` })),
    $defs: Object.fromEntries([...files, ...definitions]),
  }
}
