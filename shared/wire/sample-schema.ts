import type { EventSchema } from '#shared/domain/event-schema'
import type { ValueType } from '#shared/domain/value-type'
import { bool, double, duration, int, money, string, timestamp } from '#shared/domain/value-type'

const field = (path: string, type: ValueType) => ({ path, type })

/** For tests: one type with fields of every kind, one whose home key is a list, one with names that every object has. */
export const sampleSchema: EventSchema = {
  fields: [
    field('account', string),
    field('amount', money(2)),
    field('terminal', string),
    field('merchant.id', string),
    field('merchant.country', string),
    field('visits', int),
    field('score', double),
    field('fraud', bool),
    field('opened', timestamp),
    field('age', duration),
    field('tags', { kind: 'list', element: string }),
    field('limits', { kind: 'map', value: money(2) }),
    field('debtor', string),
    field('creditor', string),
    field('constructor', string),
    field('__proto__', string),
    field('toString.valueOf', int),
  ],
  types: [
    {
      name: 'transaction',
      fields: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((i) => ({ field: i, optional: i > 1 })),
      keys: [
        { key: 0, fields: [0] },
        { key: 1, fields: [2] },
      ],
    },
    {
      name: 'transfer',
      fields: [
        { field: 12, optional: true },
        { field: 13, optional: true },
      ],
      keys: [{ key: 0, fields: [12, 13] }],
    },
    {
      name: 'odd',
      fields: [0, 14, 15, 16].map((i) => ({ field: i, optional: i > 0 })),
      keys: [{ key: 0, fields: [0] }],
    },
  ],
  keys: ['account', 'terminal'],
}
