// Checks the direction of imports over a tree of source files.
//
// L1 A pure folder imports only itself, the folders before it, and the packages listed for it (layer-table.ts); a bridge those listed
//    for the bridge, and nothing but tests imports a bridge.
// L2 shared/ never imports services/; neither imports tests/, scripts/ or load-tests/. rules/ holds no code.
// L3 Nothing in a pure folder reads a clock, a random source or the environment.
// L4 Nowhere is text turned into code. L5 There is no cycle of imports.
// L6 An import is a literal that names a file of the tree, so that L1, L2 and L5 see it.

import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { cycles } from './cycles.ts'
import { bridges, edgeLayers, pureLayers, testPackages } from './layer-table.ts'
import type { ImportUse } from './source-file.ts'
import { readSource } from './source-file.ts'

export interface Violation {
  readonly file: string
  readonly line: number
  readonly message: string
  readonly remedy: string
}

/** Where an import leads: to a file of the tree, a module of Node, or a package. */
type Target = { readonly kind: 'file' | 'builtin' | 'package'; readonly name: string }

type Problem = Omit<Violation, 'file' | 'line'>

/** The one import out of shared/ and services/ that is meant: the launcher installs before it starts anything. */
const allowedImports: ReadonlySet<string> = new Set(['services/cli/vigil.mjs -> scripts/setup.mjs'])

/**
 * @param files source text by path from the root, with forward slashes
 * @returns violations by file and line
 */
export function checkLayers(files: ReadonlyMap<string, string>): ReadonlyArray<Violation> {
  const violations: Violation[] = []
  const graph = new Map<string, Map<string, number>>()
  for (const [file, text] of files) {
    const report = (line: number, problem: Problem | null): void => {
      if (problem !== null) violations.push({ file, line, ...problem })
    }
    report(1, placeProblem(file))
    const source = readSource(file, text)
    for (const message of source.syntaxErrors) report(1, { message, remedy: 'correct the syntax' })
    for (const use of source.forbidden) {
      if (use.where === 'in pure folders' && !isPureCode(file)) continue
      report(use.line, { message: `${use.name} is forbidden ${use.where}`, remedy: use.remedy })
    }
    const edges = new Map<string, number>()
    graph.set(file, edges)
    for (const use of source.imports) {
      const target = resolve(file, use)
      report(use.line, target === null ? computedImport : importProblem(file, target, files))
      if (target?.kind === 'file' && files.has(target.name) && !edges.has(target.name)) {
        edges.set(target.name, use.line)
      }
    }
  }
  for (const cycle of cycles(graph)) {
    const line = graph.get(cycle[0])?.get(cycle[1] ?? cycle[0]) ?? 1
    const message = `import cycle: ${[...cycle, cycle[0]].join(' -> ')}`
    const remedy = 'move what both need into a file of its own, or pass it as an argument'
    violations.push({ file: cycle[0], line, message, remedy })
  }
  return violations.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line))
}

const computedImport: Problem = {
  message: 'an import whose target is computed cannot be checked',
  remedy: 'name the file in a literal; choose between literals if there are several',
}

function resolve(file: string, { specifier }: ImportUse): Target | null {
  if (specifier === null) return null
  if (specifier.startsWith('#shared/')) return { kind: 'file', name: `shared/${specifier.slice(8)}.ts` }
  if (specifier.startsWith('.')) return { kind: 'file', name: posix.join(posix.dirname(file), specifier) }
  if (isBuiltin(specifier)) return { kind: 'builtin', name: specifier }
  const [scope, name] = specifier.split('/')
  return { kind: 'package', name: scope.startsWith('@') ? `${scope}/${name}` : scope }
}

/** A folder that is not in the table, or code among the rules. */
function placeProblem(file: string): Problem | null {
  if (file.startsWith('rules/')) {
    return { message: 'rules/ is data and holds no code', remedy: 'move the code to shared/ or tests/' }
  }
  const layer = sharedLayer(file)
  if (layer === null || layer in pureLayers || edgeLayers.includes(layer)) return null
  return {
    message: `shared/${layer} is not a known folder`,
    remedy: 'decide whether it is pure or edge, and add it to scripts/layers/layer-table.ts',
  }
}

function importProblem(file: string, target: Target, files: ReadonlyMap<string, string>): Problem | null {
  if (target.kind === 'file' && /\.[cm]?[jt]s$/.test(target.name) && !files.has(target.name)) {
    return { message: `${target.name} does not exist`, remedy: 'correct the path; it is written with its ending, .ts' }
  }
  if (target.name in bridges && !isTest(file)) {
    return {
      message: `${target.name} is a bridge, which only tests may import`,
      remedy: 'import what it brings together',
    }
  }
  if (allowedImports.has(`${file} -> ${target.name}`)) return null
  const layer = sharedLayer(file)
  if (layer !== null && layer in pureLayers) {
    return isTest(file) ? pureTestProblem(layer, target) : pureProblem(file, layer, target)
  }
  if (target.kind !== 'file' || isTest(file)) return null
  if (layer !== null && !target.name.startsWith('shared/')) {
    return { message: `shared/ may not import ${target.name}`, remedy: 'move what is shared into shared/' }
  }
  if (file.startsWith('services/') && !/^(shared|services)\//.test(target.name)) {
    return { message: `services/ may not import ${target.name}`, remedy: 'move what a service needs into shared/' }
  }
  return null
}

/** L1. */
function pureProblem(file: string, layer: string, target: Target): Problem | null {
  const may = bridges[file] ?? pureLayers[layer]
  const message = `${file in bridges ? file : `shared/${layer}`} is pure and may not import ${target.name}`
  if (target.kind === 'builtin') return { message, remedy: 'pass the data in; an edge folder or a service reads it' }
  if (target.kind === 'package') {
    if (may.packages.includes(target.name)) return null
    const list = may.packages.join(', ') || 'no package'
    return { message, remedy: `it may import ${list}; clients and Effect belong in ${edgeLayers.join(', ')}` }
  }
  const targetLayer = sharedLayer(target.name)
  if (targetLayer === layer || (targetLayer !== null && may.layers.includes(targetLayer))) return null
  const list = may.layers.join(', ') || 'nothing outside itself'
  return { message, remedy: `it may import ${list}: move the code down, or pass it as an argument` }
}

/** A test in a pure folder may use Node and any pure folder, as nothing depends on it; but no client and no Effect. */
function pureTestProblem(layer: string, target: Target): Problem | null {
  if (target.kind === 'builtin') return null
  const message = `a test in a pure folder may not import ${target.name}`
  if (target.kind === 'package') {
    if (testPackages.includes(target.name) || pureLayers[layer].packages.includes(target.name)) return null
    return { message, remedy: `it may import ${testPackages.join(', ')}; a test that needs more belongs in tests/` }
  }
  const targetLayer = sharedLayer(target.name)
  if (targetLayer !== null && targetLayer in pureLayers) return null
  if (target.name.startsWith('tests/support/')) return null
  return { message, remedy: 'test it from tests/, or through what tests/support offers' }
}

function sharedLayer(file: string): string | null {
  const [top, layer] = file.split('/')
  return top === 'shared' ? (layer ?? null) : null
}

function isTest(file: string): boolean {
  return file.endsWith('.test.ts')
}

function isPureCode(file: string): boolean {
  const layer = sharedLayer(file)
  return layer !== null && layer in pureLayers && !isTest(file)
}
