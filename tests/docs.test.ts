// A document with a command is tested by running it.
//
// - ```sh blocks of a document run one after the other with `bash -e` in one folder of its own, which looks like a checkout: rules/ and
//   docs/ are copies, so that a command may write there. If the next block is ```text, it is what the command prints, stdout and stderr
//   as they come; `…` stands for anything (`isOutput`).
// - ```yaml blocks are files of a rule set or maps. They must be free of mistakes, and tests among them must pass; if the next block is
//   ```text, they are wrong and the block is what `rules check` says about them, after the name of the file.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import { projectFiles, projectRoot } from '../scripts/source-tree.ts'
import { diagnosticText } from '../services/cli/rule-folder.ts'
import { runRuleTest } from '../services/cli/rule-test-run.ts'
import { loadRuleSet } from '../shared/rule-language/load-rule-set.ts'
import { checkRuleFiles } from '../shared/rule-language/rule-tests.ts'
import { MapFile } from '../shared/wire/map-file.ts'
import { blocksOf, isOutput, linkedFiles, withExpected } from './support/document.ts'
import { readLimitsDocument, withLimitsTable } from './support/limits-table.ts'
import { shippedRuleFiles } from './support/rule-sets.ts'

const documents = [...projectFiles(['.md'])].filter(([file]) => !file.includes('/') || file.startsWith('docs/'))

/** Runs this test. */
const notRun = new Set(['npm test\n'])

/** By folder, the process groups of the commands that were run there: what they leave running is in them. */
const groups = new Map<string, readonly number[]>()
// A command that never ends leaves its test no time to.
afterAll(() => {
  for (const group of [...groups.values()].flat()) endGroup(group)
})

describe('documents', () => {
  it.concurrent.each(documents.filter(([, markdown]) => withExpected(blocksOf(markdown), 'sh').length > 0))(
    '%s: its commands do what it says',
    async (file, markdown) => {
      const folder = workingFolder()
      try {
        for (const { line, text: commands, expected } of withExpected(blocksOf(markdown), 'sh')) {
          if (notRun.has(commands)) continue
          const { code, output } = await run(commands, folder)
          expect({ at: `${file}:${line}`, code, output: code === 0 ? '' : output }).toMatchObject({ code: 0 })
          if (expected !== undefined && !isOutput(output, expected))
            expect(output, `${file}:${line} prints something else`).toBe(expected)
        }
      } finally {
        for (const group of groups.get(folder) ?? []) endGroup(group)
        rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
      }
    },
    300_000,
  )

  it.each(documents)('%s: its files of rules and maps are what it says', (file, markdown) => {
    const blocks = withExpected(blocksOf(markdown), 'yaml')
    const right = blocks.filter(({ expected }) => expected === undefined)
    const ofKind = (kinds: readonly string[]) => right.filter((block) => kinds.includes(kindOf(block.text)))
    const files = ofKind(['rule', 'scenario', 'list'])
    const [events, maps] = [ofKind(['events']), ofKind(['maps'])]
    expect(files.length + events.length + maps.length).toBe(right.length)
    expect(mistakes(files.map((block) => block.text))).toBe('')
    // They would take the place of those that the rules of the document use.
    for (const block of events) expect(mistakes([block.text])).toBe('')
    const schema = loadRuleSet(shippedRuleFiles()).ruleSet?.events
    for (const { text: map, line } of maps)
      expect(schema && MapFile.read({ name: `${file}:${line}`, text: map }, schema).diagnostics).toEqual([])
    for (const { text: wrong, line, expected } of blocks) {
      if (expected === undefined) continue
      const found = mistakes([wrong])
      if (!isOutput(found, expected)) expect(found, `${file}:${line}`).toBe(expected)
    }
  })

  it.each(documents)('%s: its links lead to files', (file, markdown) => {
    const targets = linkedFiles(markdown).map((target) => join(projectRoot, dirname(file), target))
    expect(targets.filter((target) => !existsSync(target))).toEqual([])
  })

  it.each(documents)('%s: the source files it names exist', (_, markdown) => {
    const sources = [...projectFiles(['.ts', '.mjs']).keys()]
    const named = [...markdown.matchAll(/`([a-z][a-z0-9/.-]*\.(?:ts|mjs))`/g)].map(([, name]) => name)
    expect(named.filter((name) => !sources.some((source) => source === name || source.endsWith(`/${name}`)))).toEqual(
      [],
    )
  })

  it('run by npx from a checkout', () => {
    const { status, stdout } = spawnSync('npx', ['vigil', '--help'], { cwd: projectRoot, encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('vigil replay') })
  })

  it('show in the picture of an alert what the README prints', () => {
    const picture = readFileSync(join(projectRoot, 'docs/pictures/alert.svg'), 'utf8')
    const alert = readFileSync(join(projectRoot, 'README.md'), 'utf8')
      .split('\n')
      .find((line) => line.startsWith('{"id":"f85'))
    const json = /<g class="json">(.*?)<\/g>/s.exec(picture)?.[1] ?? ''
    const values = [...json.replace(/<text [^>]*>/g, '').matchAll(/"([\w.:-]+)"/g)].map(([, value]) => value)
    expect(values.length).toBeGreaterThan(20)
    expect(values.filter((value) => !alert?.includes(`"${value}"`))).toEqual([])
  })

  it('name every limit with its size and reason (npx node tests/support/limits-table.ts writes the table)', () => {
    expect(readLimitsDocument()).toBe(withLimitsTable(readLimitsDocument()))
  })
})

/** A folder in which the commands of the documents work as in a checkout. */
function workingFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vigil-docs-'))
  for (const copied of ['rules', 'docs', 'package.json'])
    cpSync(join(projectRoot, copied), join(folder, copied), { recursive: true })
  for (const linked of ['scripts', 'services', 'shared', 'node_modules', 'package-lock.json'])
    symlinkSync(join(projectRoot, linked), join(folder, linked))
  mkdirSync(join(folder, '.bin'))
  // npx takes half a second to find the command, so it is tried once, above.
  writeScript(join(folder, '.bin/npx'), `shift\nexec node services/cli/vigil.ts "$@"`)
  // The demonstration would go on for ever: it ends once it has shown an alert and how it goes. Any free port does.
  const start = 'setsid npm "$@" -- --port 0 --data-dir demo-data > start.out 2>&1 &\npid=$!'
  const isShown = "sed -n '/  R-/,$p' start.out 2>&- | grep -q 'decisions p50'"
  const until = `for i in $(seq 1 450); do ${isShown} && break; sleep 0.2; done`
  const end =
    "kill -s TERM -- -$pid\n{ wait $pid; } 2>&-\nsed 's/127.0.0.1:[0-9]*/127.0.0.1:8080/; s/demo-data/.vigil/' start.out"
  writeScript(join(folder, '.bin/npm'), `PATH="\${PATH#*:}"\n${start}\n${until}\n${end}`)
  return folder
}

function writeScript(file: string, commands: string): void {
  writeFileSync(file, `#!/bin/sh\n${commands}\n`)
  chmodSync(file, 0o755)
}

async function run(commands: string, folder: string): Promise<{ code: number; output: string }> {
  const path = [join(folder, '.bin'), dirname(process.execPath), process.env['PATH']].join(delimiter)
  const child = spawn('bash', ['-e', '-c', `exec 2>&1\n${commands}`], {
    cwd: folder,
    env: { ...process.env, PATH: path, NO_COLOR: '1', npm_config_loglevel: 'silent' },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  if (child.pid !== undefined) groups.set(folder, [...(groups.get(folder) ?? []), child.pid])
  const closed = once(child, 'close')
  const output = await text(child.stdout)
  const [code] = await closed
  return { code, output }
}

/** A document that fails half way has not come to where it ends its services. */
function endGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const kindOf = (yaml: string): string => /^(\w+):/m.exec(yaml)?.[1] ?? ''

/** What `rules check` says about the files of a rule set, and `rules test` about the tests among them; '' if nothing. */
function mistakes(texts: readonly string[]): string {
  const shipped = [...shippedRuleFiles()].filter(([name]) => name === 'events.yaml' || name.startsWith('lists/'))
  const files = new Map(shipped)
  for (const [i, yaml] of texts.entries()) files.set(fileNameOf(yaml, i), yaml)
  const { ruleSet, tests, diagnostics } = checkRuleFiles(files)
  const found = diagnostics.map((diagnostic) => diagnosticText('', diagnostic))
  if (ruleSet !== undefined) found.push(...tests.flatMap((test) => runRuleTest(ruleSet, test) ?? []))
  return found.join('\n')
}

function fileNameOf(yaml: string, index: number): string {
  const kind = kindOf(yaml)
  const name = /^\w+: *([\w-]+)/m.exec(yaml)?.[1]
  if (kind === 'events') return 'events.yaml'
  if (kind === 'list') return `lists/${name}.yaml`
  if (kind === 'scenario') return `scenario-${index}/scenario.yaml`
  return /^tests:/m.test(yaml) ? `${name}.test.yaml` : `${name}.rule.yaml`
}
