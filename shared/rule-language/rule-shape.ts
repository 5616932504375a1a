import { limits } from '#shared/domain/limits'
import { patternKeys } from './pattern-shape.ts'
import { type FeatureKind, severities } from './rule-set.ts'
import { dictionary, type Infer, type Located, list, optional, record, required } from './shape.ts'
import { choice, duration, expression, identifier, integer, name, prose, word } from './shape-scalars.ts'

const window = { minMs: 1, maxMs: limits.windowMsMax }
const all = choice('all')
const value = expression('amount')
const condition = expression('amount > 100')

export const aggregates = [
  'count',
  'sum',
  'avg',
  'min',
  'max',
  'stddev',
  'distinct',
  'first',
  'last',
  'share',
  'elapsed',
] as const satisfies readonly FeatureKind[]

const feature = record(
  {
    count: optional(all, 'Number of events.'),
    sum: optional(value, 'Sum of an int, double, money or duration.'),
    avg: optional(value, 'Mean of an int, double or money, as a double.'),
    min: optional(value, 'Smallest number, amount, time or duration.'),
    max: optional(value, 'Largest number, amount, time or duration.'),
    stddev: optional(value, 'Standard deviation of the population, as a double.'),
    distinct: optional(value, 'Number of different values.'),
    first: optional(value, 'Value of the oldest event in the window.'),
    last: optional(value, 'Value of the newest event in the window.'),
    share: optional(condition, 'Fraction of the events for which a condition holds, from 0 to 1.'),
    elapsed: optional(all, 'Time since the previous such event.'),
    over: optional(duration(window, '1h'), 'Length of the window in event time, up to and including the event.'),
    delay: optional(duration(window, '7d'), 'The window ends so long before the event.'),
    events: optional(integer({ min: 1, max: limits.recordsPerActorMax }, 10), 'Only the last so many counted events.'),
    current: optional(choice('include', 'exclude'), 'exclude: leave out the event being judged; default include.'),
    where: optional(condition, 'Which events are counted, after the where of the rule.'),
  },
  { name: 'a feature', exactlyOne: [aggregates] },
)

export type FeatureText = Infer<typeof feature>

export const ruleShape = record(
  {
    rule: required(name(word, 'probe-then-strike'), 'Name, unique in the rule set; alerts carry it.'),
    title: optional(prose('Small test purchases, then a large one'), 'One line for people; default: the name.'),
    by: optional(
      name(word, 'account'),
      'Key whose actor holds the state, as declared in events.yaml; default account.',
    ),
    on: optional(
      list(name(word, 'transaction'), { orOne: true, min: 1 }),
      'Event type, or a list of them; default transaction.',
    ),
    where: optional(condition, 'Events that the rule sees at all; default all.'),
    features: optional(dictionary(feature, identifier), 'Aggregates over sliding windows, by name.'),
    when: optional(condition, 'Condition on one event and the features; each event for which it holds is a hit.'),
    ...patternKeys,
    score: required(integer({ min: 0, max: 100 }, 70), 'Weight of a hit, from 0 to 100.'),
    severity: required(choice(...severities), 'How grave an alert is.'),
    reason: optional(prose('R-CNP-01'), 'Reason code that decisions and alerts carry.'),
    cooldown: optional(
      duration(window, '1h'),
      'After an alert no other for this rule and key for so long; default none.',
    ),
    message: optional(expression('"{amount} spent"'), 'Text of the alert, with any expression in { }.'),
  },
  { name: 'a rule', exactlyOne: [['when', 'pattern']] },
)

export type RuleText = Infer<typeof ruleShape>
export type ReadRule = Located<RuleText>
