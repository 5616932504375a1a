import { expect, it } from 'vitest'
import { csvCells } from './csv-cells.ts'

it.each([
  ['a,b', ['a', 'b']],
  ['', ['']],
  [',', ['', '']],
  ['"a,b",c', ['a,b', 'c']],
  ['"a""b"', ['a"b']],
  ['"","",', ['', '', '']],
  ['"""",b', ['"', 'b']],
  ['"a\r\nb"', ['a\r\nb']],
  ['a"b,c"', ['a"b', 'c"']],
  [' "a"', [' "a"']],
  ['a,"b', 'the quote that opens cell 2 is not closed'],
  ['"a""', 'the quote that opens cell 1 is not closed'],
  ['"a"b,c', 'text follows the closing quote of cell 1'],
])('splits %j', (line, expected) => {
  expect(csvCells(line)).toEqual(expected)
})
