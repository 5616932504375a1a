import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from '../source-tree.ts'
import { checkLayers } from './check.ts'
import { cycles } from './cycles.ts'
import { bridges, pureLayers, worldNames } from './layer-table.ts'

/** A tree of one file on its second line, so that a line number is not right by chance; neighbours are empty files. */
function planted(file: string, code: string, ...neighbours: ReadonlyArray<string>) {
  return checkLayers(
    new Map([[file, `// The first line.\n${code}\n`], ...neighbours.map((path) => [path, ''] as const)]),
  )
}

function expectViolation(file: string, code: string, message: string, ...neighbours: ReadonlyArray<string>) {
  const violations = planted(file, code, ...neighbours)
  expect(violations).toEqual([{ file, line: 2, message: expect.stringContaining(message), remedy: expect.any(String) }])
  expect(violations[0].remedy.length).toBeGreaterThan(10)
}

describe('the direction of imports', () => {
  it.each([
    ['a static import', `import { step } from '#shared/actor/step'`],
    ['a relative one', `import { step } from '../actor/step.ts'`],
    ['one for its effect', `import '#shared/actor/step'`],
    ['a type', `import type { Step } from '#shared/actor/step'`],
    ['a type within an expression of types', `export type S = import('#shared/actor/step').Step`],
    ['a re-export', `export { step } from '#shared/actor/step'`],
    ['a re-export of all', `export * from '#shared/actor/step'`],
    ['a dynamic import', `await import('#shared/actor/step')`],
    ['a dynamic import of a template', 'await import(`#shared/actor/step`)'],
    ['a require', `require('../actor/step.ts')`],
    ['an import by require', `import step = require('../actor/step.ts')`],
    ['an import with attributes', `import step from '../actor/step.ts' with { type: 'json' }`],
  ])('sees %s', (_, code) => {
    expectViolation('shared/cep/a.ts', code, 'may not import shared/actor/step.ts', 'shared/actor/step.ts')
  })

  it('is not deceived by comments and strings', () => {
    expect(planted('shared/cep/a.ts', `// import 'effect'\nexport const text = "import 'effect'"`)).toEqual([])
  })

  it.each([
    ['shared/domain/a.ts', '#shared/memory/b', 'shared/memory/b.ts'],
    ['shared/features/a.ts', '#shared/cep/b', 'shared/cep/b.ts'],
    ['shared/actor/a.ts', '#shared/log/b', 'shared/log/b.ts'],
    ['shared/protocol/a.ts', '#shared/simulator/b', 'shared/simulator/b.ts'],
    ['shared/checkpoint/a.ts', '#shared/cep/b', 'shared/cep/b.ts'],
    ['shared/cep/a.ts', '../../tests/support/b.ts', 'tests/support/b.ts'],
    ['shared/log/a.ts', '../../services/detector/b.ts', 'services/detector/b.ts'],
    ['services/api/a.ts', '../../tests/support/b.ts', 'tests/support/b.ts'],
  ])('%s may not import %s', (file, specifier, target) => {
    expectViolation(file, `import '${specifier}'`, `may not import ${target}`, target)
  })

  it.each([
    ['node:fs', 'node:fs'],
    ['fs/promises', 'fs/promises'],
    ['effect', 'effect'],
    ['effect/Schema', 'effect'],
    ['ioredis', 'ioredis'],
    ['@nats-io/jetstream', '@nats-io/jetstream'],
    ['yaml', 'yaml'],
  ])('a pure folder may not import %s', (specifier, name) => {
    expectViolation('shared/cep/a.ts', `import '${specifier}'`, `is pure and may not import ${name}`)
  })

  it.each([
    ['shared/domain/a.ts', '@noble/hashes/sha2.js', 'node_modules'],
    ['shared/rule-language/a.ts', 'yaml', 'node_modules'],
    ['shared/rule-language/a.ts', '#shared/cep/b', 'shared/cep/b.ts'],
    ['shared/simulator/a.ts', '#shared/protocol/b', 'shared/protocol/b.ts'],
    ['shared/log/a.ts', 'effect', 'node_modules'],
    ['shared/log/a.ts', '#shared/domain/b', 'shared/domain/b.ts'],
    ['services/cli/a.ts', '../detector/b.ts', 'services/detector/b.ts'],
    ['services/cli/vigil.mjs', '../../scripts/setup.mjs', 'scripts/setup.mjs'],
    ['shared/cep/a.test.ts', 'node:fs', 'node_modules'],
    ['shared/cep/a.test.ts', 'fast-check', 'node_modules'],
    ['shared/cep/a.test.ts', '../../tests/support/b.ts', 'tests/support/b.ts'],
    ['shared/cep/a.test.ts', '#shared/actor/b', 'shared/actor/b.ts'],
  ])('%s may import %s', (file, specifier, target) => {
    expect(planted(file, `import '${specifier}'`, target)).toEqual([])
  })

  it.each([
    ['effect', 'effect', 'x.ts'],
    ['../log/b.ts', 'shared/log/b.ts', 'shared/log/b.ts'],
    ['../../services/api/b.ts', 'services/api/b.ts', 'services/api/b.ts'],
  ])('a test in a pure folder may not import %s', (specifier, name, target) => {
    expectViolation('shared/cep/a.test.ts', `import '${specifier}'`, `may not import ${name}`, target)
  })

  it.each(['await import(name)', 'require(name)', 'await import(`./a` + name)'])('refuses the computed %s', (code) => {
    expectViolation('services/api/a.ts', code, 'computed')
  })

  it('refuses an import of a file that does not exist', () => {
    expectViolation('services/api/a.ts', `import './gone.ts'`, 'services/api/gone.ts does not exist')
  })

  it('refuses a folder that is not in the table, and code among the rules', () => {
    expect(planted('shared/misplaced/a.ts', '')).toMatchObject([{ message: 'shared/misplaced is not a known folder' }])
    expect(planted('rules/a.ts', '')).toMatchObject([{ message: 'rules/ is data and holds no code' }])
  })

  it('lets a bridge import what is listed for it, and nothing but tests import the bridge', () => {
    const [bridge] = Object.keys(bridges)
    const layer = bridges[bridge].layers.at(-1) ?? ''
    const code = `import '#shared/${layer}/b'`
    const target = `shared/${layer}/b.ts`
    expect(planted(bridge, code, target)).toEqual([])
    expectViolation('shared/cep/a.ts', code, `may not import ${target}`, target)
    expectViolation(bridge, `import 'node:fs'`, `${bridge} is pure and may not import node:fs`)
    for (const file of ['shared/cep/a.ts', 'services/cli/a.ts'])
      expectViolation(file, `import '#${bridge.slice(0, -3)}'`, 'is a bridge', bridge)
    for (const file of ['shared/cep/a.test.ts', 'tests/acceptance/a.test.ts'])
      expect(planted(file, `import '#${bridge.slice(0, -3)}'`, bridge)).toEqual([])
  })

  it('has no bridge that is gone', () => {
    expect(Object.keys(bridges).filter((file) => !existsSync(join(projectRoot, file)))).toEqual([])
  })

  it('has a table without a cycle', () => {
    const graph = Object.entries(pureLayers).map(
      ([name, { layers }]) => [name, new Map(layers.map((l) => [l, 1]))] as const,
    )
    expect(cycles(new Map(graph))).toEqual([])
  })
})

describe('cycles of imports', () => {
  it('are reported once, with the way around, wherever they are', () => {
    const files = new Map([
      ['services/api/a.ts', `\nimport { b } from './b.ts'\nexport const a = 1`],
      ['services/api/b.ts', `export type { c } from './c.ts'`],
      ['services/api/c.ts', `export const later = () => import('./a.ts')`],
      ['services/api/outside.ts', `import './a.ts'`],
    ])
    const way = 'services/api/a.ts -> services/api/b.ts -> services/api/c.ts -> services/api/a.ts'
    expect(checkLayers(files)).toMatchObject([{ file: 'services/api/a.ts', line: 2, message: `import cycle: ${way}` }])
  })

  it('may be of one file', () => {
    expectViolation('services/api/a.ts', `import './a.ts'`, 'import cycle: services/api/a.ts -> services/api/a.ts')
  })
})

describe('what pure folders may not use', () => {
  it.each([
    ['Date.now()', 'Date.now'],
    ['new Date()', 'new Date()'],
    ['Date()', 'Date'],
    ["Date['now']()", 'Date.now'],
    ['const { now } = Date', 'Date'],
    ['class Clock extends Date {}', 'Date'],
    ['Math.random()', 'Math.random'],
    ['Math[name]()', 'Math.random'],
    ['const { random } = Math', 'Math.random'],
    ['performance.now()', 'performance'],
    ['globalThis.x', 'globalThis'],
    ['process.env', 'process'],
    ['let env: typeof process.env', 'process'],
    ['(process as Thing).env', 'process'],
    ['const all = { process }', 'process'],
    ['console.log(1)', 'console'],
    ['import.meta.url', 'import.meta'],
    ...Object.keys(worldNames).map((name) => [`export const value = ${name}`, name] as [string, string]),
  ])('%s', (code, name) => {
    expectViolation('shared/actor/a.ts', code, `${name} is forbidden in pure folders`)
    expect(planted('shared/actor/a.test.ts', code)).toEqual([])
    expect(planted('services/api/a.ts', code)).toEqual([])
  })

  it.each([
    'new Date(atMs)',
    'Date.UTC(2026, 0)',
    'value instanceof Date',
    'let at: Date',
    'Math.max(1, 2)',
    'batch.process()',
    'const row = { process: 1, console: 2 }',
    'interface Row { process: number }',
    'class Row { process(): void {} }',
  ])('but %s is fine', (code) => {
    expect(planted('shared/actor/a.ts', code)).toEqual([])
  })

  it.each([
    ['eval(text)', 'eval'],
    ['const e = eval', 'eval'],
    ['new Function(text)', 'new Function'],
    ['Function(text)', 'new Function'],
  ])('%s is forbidden everywhere', (code, name) => {
    for (const file of ['shared/actor/a.ts', 'shared/actor/a.test.ts', 'shared/log/a.ts', 'services/api/a.ts']) {
      expectViolation(file, code, `${name} is forbidden everywhere`)
    }
    expect(planted('services/api/a.ts', 'let f: Function')).toEqual([])
  })

  it('reports a file that does not parse', () => {
    expect(planted('shared/actor/a.ts', 'const = 1')).toMatchObject([{ remedy: 'correct the syntax' }])
  })
})
