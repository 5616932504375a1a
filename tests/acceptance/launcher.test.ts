// The launcher and the service behind it are one process to whoever started them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { projectRoot } from '../../scripts/source-tree.ts'

it.each([
  ['the launcher', [process.execPath, join(projectRoot, 'services/cli/vigil.mjs')], 'SIGKILL'],
  ['npx', ['npx', 'vigil'], 'SIGKILL'],
  ['npx', ['npx', 'vigil'], 'SIGTERM'],
] as const)('%s takes the service with it (%s %s)', { timeout: 60_000 }, async (_, [program, ...first], signal) => {
  const folder = mkdtempSync(join(tmpdir(), 'vigil-launcher-'))
  const rules = join(projectRoot, 'load-tests/live/rules')
  const args = [...first, 'serve', '--port', '0', '--data-dir', folder, '--rules', rules]
  const launcher = spawn(program, args, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    await once(launcher.stdout, 'data')
    const { pid } = JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8'))
    expect(pid).not.toBe(launcher.pid)
    launcher.kill(signal)
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 10_000 })
  } finally {
    launcher.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})
