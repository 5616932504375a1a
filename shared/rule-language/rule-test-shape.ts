import { isMap } from 'yaml'
import { limits } from '#shared/domain/limits'
import { severities } from './rule-set.ts'
import { dictionary, type Infer, type Located, list, optional, record, refuse, required, type Shape } from './shape.ts'
import { anything, choice, duration, identifier, integer, name, prose, scalar, word } from './shape-scalars.ts'
import { entriesOf, type YamlEntry } from './yaml-node.ts'

/** Tests may look back as far as the longest window, and some more. */
const sinceStart = duration({ minMs: 0, maxMs: 10 * limits.windowMsMax }, '30s')
const eventId = integer({ min: 1, max: 1_000_000 }, 1)
const eventType = name(word, 'transaction')

export interface TestEventText {
  readonly atMs: Located<number> | undefined
  readonly type: Located<string> | undefined
  /** What is neither `at` nor `type`, read by the types of events.yaml. */
  readonly fields: readonly YamlEntry[]
}

const event: Shape<TestEventText> = {
  example: '{ at: 0s, account: A, amount: 1.00 }',
  read(node, problems) {
    if (!isMap(node.ast)) return refuse(node, problems, 'an event', 'write { at: 0s, account: A, amount: 1.00 }')
    const entries = entriesOf(node, node.ast)
    const find = (key: string): YamlEntry | undefined => entries.find((entry) => entry.key === key)
    const at = find('at')
    const type = find('type')
    if (at === undefined)
      problems.error(node.at, 'missing-key', 'an event needs "at"', 'add at: 0s, the time since the start of the test')
    return {
      value: {
        atMs: at && sinceStart.read(at.value, problems),
        type: type && eventType.read(type.value, problems),
        fields: entries.filter((entry) => entry !== at && entry !== type),
      },
      at: node.at,
    }
  },
  schema: (definitions) => ({
    type: 'object',
    required: ['at'],
    properties: {
      at: { ...sinceStart.schema(definitions), description: 'Time since the start of the test.' },
      type: { ...eventType.schema(definitions), description: 'Type of the event; default transaction.' },
    },
    additionalProperties: true,
    description: 'An event; its id is its position, from 1. All other keys are its fields.',
  }),
}

const expectedAlert = record(
  {
    at: optional(sinceStart, 'Time of the alert since the start of the test.'),
    key: optional(scalar, "Value of the actor's key."),
    event: optional(eventId, 'Of a condition: position of the event.'),
    steps: optional(
      dictionary(list(eventId, { orOne: true }), identifier),
      'Of a pattern: positions of the events of each step.',
    ),
    features: optional(
      dictionary(anything, identifier, { mayBeNull: true }),
      'Values of features, null for absent; those left out are not compared.',
    ),
    score: optional(integer({ min: 0, max: 100 }, 90), 'Score of the rule.'),
    severity: optional(choice(...severities), 'Severity of the rule.'),
    reason: optional(prose('R-CNP-01'), 'Reason code.'),
    message: optional(prose('3 purchases'), 'Text of the alert.'),
    scenario: optional(name(word, 'card-testing'), 'Scenario that raised it.'),
  },
  { name: 'an expected alert' },
)

export type ExpectedText = Infer<typeof expectedAlert>

const testCase = record(
  {
    name: required(prose('three probes and a strike'), 'What the test shows.'),
    events: required(list(event), 'What happens, in any order.'),
    until: optional(sinceStart, 'Time moves on to here after the last event; default: it does not.'),
    expect: required(
      list(expectedAlert),
      'All alerts of the rule, in order. What a line does not name is not compared.',
    ),
  },
  { name: 'a test' },
)

export type TestCaseText = Infer<typeof testCase>

export const ruleTestShape = record(
  {
    rule: required(name(word, 'probe-then-strike'), 'The rule under test.'),
    tests: required(list(testCase), 'Its tests.'),
  },
  { name: 'a test file' },
)
