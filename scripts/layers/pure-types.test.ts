import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { projectRoot } from '../source-tree.ts'
import { pureLayers } from './layer-table.ts'

const pureConfig = join(projectRoot, 'tsconfig.pure.json')
const folder = mkdtempSync(join(tmpdir(), 'vigil-pure-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What the compiler says about one file, checked as one of a pure folder. */
function compile(code: string): string {
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: pureConfig, include: ['planted.ts'] }))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  writeFileSync(join(folder, 'planted.ts'), code)
  const tsc = join(projectRoot, 'node_modules/typescript/bin/tsc')
  const result = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
  return result.stdout + result.stderr
}

describe('the types of pure folders', () => {
  it('know neither Node nor the DOM', () => {
    const uses = {
      process: 'process.env',
      'node:fs': `import('node:fs')`,
      setTimeout: 'setTimeout(() => 1, 1)',
      console: 'console.log(1)',
      performance: 'performance.now()',
      fetch: `fetch('')`,
      Buffer: 'Buffer.alloc(1)',
    }
    const said = compile(
      Object.values(uses)
        .map((use, index) => `export const use${index} = ${use}`)
        .join('\n'),
    )
    Object.keys(uses).forEach((name, index) => {
      expect(said).toMatch(new RegExp(`planted\\.ts\\(${index + 1},\\d+\\): error .*'${name}'`))
    })
  })

  it('accept plain code', () => {
    expect(compile('export const doubled: ReadonlyArray<number> = [1].map((n) => 2 * n)')).toBe('')
  })

  it('are checked in every pure folder', () => {
    const config = JSON.parse(readFileSync(pureConfig, 'utf8').replace(/^\s*\/\/.*$/gm, ''))
    expect([...config.include].sort()).toEqual(
      Object.keys(pureLayers)
        .map((name) => `shared/${name}`)
        .sort(),
    )
  })
})
