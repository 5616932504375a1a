// Runs the tests and closes with two things a reader must not miss: what was skipped for want of a server or data, and
// the totals as `N passed, N failed` on a line of their own. Arguments go to vitest: `npm test -- shared/cep`.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { projectNode } from './setup.mjs'
import { closing } from './test-closing.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'vigil-test-'))
const reportFile = join(folder, 'report.json')
const skipsFile = join(folder, 'skips.jsonl')

const vitest = spawn(
  projectNode,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, VIGIL_TEST_SKIPS: skipsFile } },
)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => vitest.kill(signal))

vitest.on('close', (code, signal) => {
  const { lines, failed } = closing({
    report: existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, 'utf8')) : null,
    skips: existsSync(skipsFile) ? readFileSync(skipsFile, 'utf8') : '',
    isCi: process.env.CI === 'true',
    exitCode: signal ? 128 + constants.signals[signal] : (code ?? 1),
  })
  rmSync(folder, { recursive: true, force: true })
  console.log(lines.join('\n'))
  process.exitCode = failed ? 1 : 0
})
