import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Heap } from './heap.ts'

it('hands its items out in order, whatever came, went and was kept in between', () => {
  const step = fc.oneof(fc.nat(20), fc.constant('remove' as const), fc.constant('keep' as const))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heap = new Heap<number>((a, b) => a <= b)
      let expected: number[] = []
      for (const one of steps) {
        if (one === 'remove') {
          heap.removeFirst()
          expected.shift()
        } else if (one === 'keep') {
          heap.keep((n) => n % 3 !== 0)
          expected = expected.filter((n) => n % 3 !== 0)
        } else {
          heap.push(one)
          expected = [...expected, one].sort((a, b) => a - b)
        }
        expect([heap.length, heap.first]).toEqual([expected.length, expected[0]])
      }
    }),
  )
})
