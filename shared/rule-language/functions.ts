import { bool, double, duration, int, string, timestamp, type ValueType } from '#shared/domain/value-type'

/**
 * The functions that are told apart by the types of their arguments alone; those with rules of their own are in `special-forms.ts`.
 * A method's receiver is its first parameter. At run time they are found by name and first type (`call-closures.ts`).
 */
export interface FunctionSignature {
  readonly style: 'function' | 'method' | 'both'
  readonly overloads: readonly Overload[]
}

interface Overload {
  readonly parameters: readonly Parameter[]
  /** `same`: that of the first argument. */
  readonly result: ValueType | 'same'
}

/** `double` takes an int too; `zone` is a literal name of a time zone or an offset such as `+01:00`. */
export type Parameter =
  | 'string'
  | 'bool'
  | 'int'
  | 'double'
  | 'money'
  | 'timestamp'
  | 'duration'
  | 'list'
  | 'map'
  | 'zone'

const overload = (parameters: readonly Parameter[], result: ValueType | 'same'): Overload => ({ parameters, result })
const method = (parameters: readonly Parameter[], result: ValueType | 'same'): FunctionSignature => ({
  style: 'method',
  overloads: [overload(parameters, result)],
})

/** A part of a time, in UTC or a zone, counted as CEL does: months, days of month and of year from 0, `getDate` from 1, Sunday is 0. */
const timePart: FunctionSignature = {
  style: 'method',
  overloads: [overload(['timestamp'], int), overload(['timestamp', 'zone'], int)],
}
/** Of a duration: the whole of it in this unit, cut. */
const timeOrDurationPart: FunctionSignature = {
  style: 'method',
  overloads: [...timePart.overloads, overload(['duration'], int)],
}
const textFunction: FunctionSignature = { style: 'both', overloads: [overload(['string'], string)] }
const numberFunction: FunctionSignature = {
  style: 'function',
  overloads: [overload(['int'], 'same'), overload(['double'], 'same'), overload(['money'], 'same')],
}

export const functions: ReadonlyMap<string, FunctionSignature> = new Map<string, FunctionSignature>([
  ['contains', method(['string', 'string'], bool)],
  ['startsWith', method(['string', 'string'], bool)],
  ['endsWith', method(['string', 'string'], bool)],
  ['charAt', method(['string', 'int'], string)],
  ['indexOf', method(['string', 'string'], int)],
  [
    'substring',
    {
      style: 'method',
      overloads: [overload(['string', 'int'], string), overload(['string', 'int', 'int'], string)],
    },
  ],
  ['trim', method(['string'], string)],
  ['lower', textFunction],
  ['upper', textFunction],
  ['lowerAscii', textFunction],
  ['upperAscii', textFunction],
  ['size', { style: 'both', overloads: [overload(['string'], int), overload(['list'], int), overload(['map'], int)] }],
  ['abs', { ...numberFunction, overloads: [...numberFunction.overloads, overload(['duration'], 'same')] }],
  ['round', numberFunction],
  [
    'int',
    {
      style: 'function',
      overloads: (['int', 'double', 'money', 'string', 'timestamp'] as const).map((type) => overload([type], int)),
    },
  ],
  [
    'double',
    {
      style: 'function',
      overloads: (['double', 'money', 'string'] as const).map((type) => overload([type], double)),
    },
  ],
  [
    'string',
    {
      style: 'function',
      overloads: (['string', 'bool', 'int', 'double', 'money', 'timestamp', 'duration'] as const).map((type) =>
        overload([type], string),
      ),
    },
  ],
  ['bool', { style: 'function', overloads: [overload(['bool'], bool), overload(['string'], bool)] }],
  [
    'timestamp',
    {
      style: 'function',
      overloads: (['string', 'int', 'timestamp'] as const).map((type) => overload([type], timestamp)),
    },
  ],
  ['duration', { style: 'function', overloads: [overload(['string'], duration), overload(['duration'], duration)] }],
  ['hours', { style: 'function', overloads: [overload(['duration'], double)] }],
  ['localHour', { style: 'function', overloads: [overload(['timestamp', 'zone'], int)] }],
  ['getFullYear', timePart],
  ['getMonth', timePart],
  ['getDate', timePart],
  ['getDayOfMonth', timePart],
  ['getDayOfWeek', timePart],
  ['getDayOfYear', timePart],
  ['getHours', timeOrDurationPart],
  ['getMinutes', timeOrDurationPart],
  ['getSeconds', timeOrDurationPart],
  ['getMilliseconds', timeOrDurationPart],
])

export function accepts(parameter: Parameter, type: ValueType): boolean {
  if (parameter === 'zone') return type.kind === 'string'
  return parameter === type.kind || (parameter === 'double' && type.kind === 'int')
}
