import { limits } from '#shared/domain/limits'
import { list, optional, record, required } from './shape.ts'
import { choice, integer, name, prose, word } from './shape-scalars.ts'

const score = (about: string) => optional(integer({ min: 0, max: 100 }, 60), about)

export const scenarioShape = record(
  {
    scenario: required(name(word, 'card-testing'), 'Name, unique in the rule set.'),
    title: optional(prose('Card testing'), 'One line for people; default: the name.'),
    rules: optional(
      list(name(word, 'probe-then-strike'), { min: 1, max: limits.rulesMax }),
      'Rules whose scores are combined; default those in the folder of this file.',
    ),
    typologies: optional(list(name(word, 'card-not-present')), 'Kinds of fraud, as tags.'),
    combine: required(
      choice('sum', 'max'),
      'How the scores of the rules hit by one event combine; a sum is capped at 100.',
    ),
    thresholds: required(
      record(
        {
          alert: score('Hits become alerts from this score on; default 0.'),
          challenge: score('Ask the customer from this score on.'),
          review: score('Let an analyst look from this score on.'),
          hold: score('Hold the payment from this score on.'),
          decline: score('Decline the payment from this score on.'),
        },
        { name: 'thresholds' },
      ),
      'Scores from which on an outcome is reached.',
    ),
  },
  { name: 'a scenario' },
)
