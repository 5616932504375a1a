import { isMap } from 'yaml'
import { limits } from '#shared/domain/limits'
import { type Infer, type Located, list, optional, type RecordOf, record, recursive, type Shape } from './shape.ts'
import { choice, duration, expression, flag, identifier, integer, name } from './shape-scalars.ts'
import { describe, writtenText } from './yaml-node.ts'

const window = { minMs: 1, maxMs: limits.windowMsMax }
const stepName = name(identifier, 'probe')
const condition = expression('amount > 100')

export const contiguities = ['begin', 'next', 'followedBy', 'followedByAny', 'notNext', 'notFollowedBy'] as const

/** Numbers are taken as they stand, so that `0` and `4..2` are refused by the pattern's own check, with its code. */
const times: Shape<{ readonly from: number; readonly to: number | null }> = {
  example: '3+',
  read(node, problems) {
    const text = node.ast !== null && 'value' in node.ast ? writtenText(node.ast).trim() : ''
    const parts = /^(-?\d+)(?:(\+)|\s*\.\.\s*(-?\d+))?$/.exec(text)
    if (parts === null) {
      problems.error(
        node.at,
        'bad-times',
        `"times" must be a number, a range or open, not ${describe(node)}`,
        'write times: 3, times: 2..4 or times: 3+',
      )
      return undefined
    }
    const from = Number(parts[1])
    const to = parts[2] === '+' ? null : Number(parts[3] ?? parts[1])
    if (Math.max(from, to ?? 0) <= limits.timesMax) return { value: { from, to }, at: node.at }
    problems.error(
      node.at,
      'out-of-bounds',
      `"times" must be at most ${limits.timesMax}`,
      'count with a feature instead',
    )
    return undefined
  },
  schema: () => ({
    anyOf: [
      integer({ min: 1, max: limits.timesMax }, 3).schema(new Map()),
      { type: 'string', pattern: '^[0-9]+(\\+|\\s*\\.\\.\\s*[0-9]+)?$' },
    ],
  }),
}

const plainKeys = {
  begin: optional(stepName, 'The first step.'),
  next: optional(stepName, 'Strict contiguity: the very next event.'),
  followedBy: optional(stepName, 'Relaxed contiguity: the next event that fits.'),
  followedByAny: optional(stepName, 'Any later event that fits: each starts a match of its own.'),
  notNext: optional(stepName, 'Absence: the very next event does not fit.'),
  notFollowedBy: optional(stepName, 'Absence: no event fits until the next step, or for the time of within.'),
  where: optional(condition, 'Which events fit; default every event.'),
  times: optional(times, 'How often: 3, 2..4, 3+; default exactly one.'),
  inner: optional(
    choice('relaxed', 'strict', 'any'),
    'How the events of the step, or the rounds of the group, stand to each other; default relaxed.',
  ),
  optional: optional(flag, 'The step may be left out.'),
  greedy: optional(flag, 'An event that fits this step and the next is taken by this one.'),
  until: optional(condition, 'Ends a loop without an upper end.'),
  gap: optional(duration(window, '5m'), 'Limit between the events of a loop.'),
  within: optional(duration(window, '5m'), 'Limit since the previous event of the run.'),
}

/** Written out, since a group holds steps. */
export interface StepText extends RecordOf<typeof plainKeys> {
  readonly group: Located<readonly Located<StepText>[]> | undefined
}

const step: Shape<StepText> = recursive('step', () =>
  record(
    {
      ...plainKeys,
      group: optional(list(step, { min: 1 }), 'Steps that stand in the place of where; the first is a begin.'),
    },
    { name: 'a step', exactlyOne: [contiguities] },
  ),
)

const skipToStep = record(
  {
    'to-first': optional(stepName, 'Skip to the first event of this step.'),
    'to-last': optional(stepName, 'Skip to the last event of this step.'),
    'on-miss': optional(
      choice('error'),
      'error: the rule is faulted where the step took nothing; default: nothing is skipped.',
    ),
  },
  { name: 'skip', exactlyOne: [['to-first', 'to-last']] },
)
const skipWord = choice('none', 'next', 'past-last')

const skip: Shape<Infer<typeof skipWord> | Infer<typeof skipToStep>> = {
  example: 'past-last',
  read: (node, problems) => (isMap(node.ast) ? skipToStep : skipWord).read(node, problems),
  schema: (definitions) => ({ anyOf: [skipWord.schema(definitions), skipToStep.schema(definitions)] }),
}

/** The keys of a rule that make up its pattern. */
export const patternKeys = {
  pattern: optional(list(step, { min: 1 }), 'Steps of a sequence in time; each match is a hit.'),
  within: optional(duration(window, '10m'), 'Limit from the first to the last event of a match, half open.'),
  skip: optional(skip, 'What a match discards of the runs that started before it was over; default none.'),
}
