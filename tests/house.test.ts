import { describe, expect, it } from 'vitest'
import { projectFiles } from '../scripts/source-tree.ts'
import { houseViolations, longFiles } from './support/house-rules.ts'

describe('the house rules', () => {
  it('are kept by every file', () => {
    expect(houseViolations(projectFiles())).toEqual([])
  })

  it('have no exception for a file that is gone', () => {
    const files = projectFiles()
    expect(Object.keys(longFiles).filter((file) => !files.has(file))).toEqual([])
  })

  // Each in two parts, so that this file keeps the rules itself.
  it.each([
    ['// @ts-', 'ignore'],
    ['// @ts-', 'expect-error'],
    ['const a: ', 'any = 1'],
    ['const a = b as ', 'any'],
    ['const a: Array<', 'any> = []'],
    ['it.', `only('', () => {})`],
    ['describe.', `skip('', () => {})`],
    ['// TO', 'DO: later'],
    ['// FIX', 'ME'],
    ['// X', 'XX'],
    [`const path = '/ho`, `me/me/x'`],
    ['see /wo', 'rk/x'],
    ['https://registry.', 'example.org/a'],
    ['made with Chat', 'GPT'],
  ])('find "%s%s"', (start, rest) => {
    expect(houseViolations(new Map([['shared/a.ts', `\n${start}${rest}\n`]]))).toEqual([
      expect.stringMatching(/^shared\/a\.ts:2: /),
    ])
  })

  it.each([
    '// as any user would',
    `const currency = 'XXX'`,
    'describe.skipIf(true)',
    `fetch('/api/work/home')`,
    '// @ts-expect-error a string is refused here',
  ])('let "%s" pass', (line) => {
    expect(houseViolations(new Map([['shared/a.ts', line]]))).toEqual([])
  })

  it.each(['shared/utils/a.ts', 'shared/cep/run-manager.ts', 'docs/common.md', 'shared/cep/runList.ts'])(
    'refuse the name %s',
    (file) => {
      expect(houseViolations(new Map([[file, '']]))).toHaveLength(1)
    },
  )

  it('bound the length of a file, except for those listed, while they need it', () => {
    const exceptions = { 'shared/a.ts': 'one table' }
    const of = (file: string, lines: number) => houseViolations(new Map([[file, '\n'.repeat(lines)]]), exceptions)
    expect(of('shared/b.ts', 500)).toEqual([])
    expect(of('shared/b.ts', 501)).toHaveLength(1)
    expect(of('shared/a.ts', 501)).toEqual([])
    expect(of('shared/a.ts', 500)).toHaveLength(1)
  })

  it('keep addresses out of the lockfile', () => {
    expect(houseViolations(new Map([['package-lock.json', '{"resolved": "x"}']]))).toHaveLength(1)
  })
})
