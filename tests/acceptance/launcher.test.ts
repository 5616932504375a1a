// The launcher and the service behind it are one process to whoever started them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { projectRoot } from '../../scripts/source-tree.ts'

it('takes the service with it when it is killed', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vigil-launcher-'))
  const args = ['serve', '--port', '0', '--data-dir', folder, '--rules', join(projectRoot, 'load-tests/live/rules')]
  const launcher = spawn(process.execPath, [join(projectRoot, 'services/cli/vigil.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(launcher.stdout, 'data')
    const { pid } = JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8'))
    expect(pid).not.toBe(launcher.pid)
    launcher.kill('SIGKILL')
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 10_000 })
  } finally {
    launcher.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})
