import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const program = `
// The command line ends at once on a signal; the command has to take its place.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(99))
const { sendCommand } = await import(${JSON.stringify(join(import.meta.dirname, '../send-command.ts'))})
try {
  process.exitCode = await sendCommand.run(process.argv.slice(1))
} catch (error) {
  console.error(error.name + ': ' + error.message)
  process.exitCode = 2
}
`

/** `vigil send` in a process of its own. */
export class SendProcess {
  readonly child: ChildProcess
  readonly #ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, '--', ...args], {
      stdio: 'pipe',
      env: { ...process.env, ...environment },
    })
    this.child = child
    child.stdin.on('error', () => {})
    this.#ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
      ([stdout, stderr, [code]]) => ({ code, stdout, stderr }),
    )
  }

  ended(): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
    return this.#ended
  }
}
