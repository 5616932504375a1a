import { execFile } from 'node:child_process'

interface Options {
  readonly msMax: number
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly uid?: number
  readonly gid?: number
}

/** A command that failed, is not there or took too long; says so in one line. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
}

/** What a command prints. Rejects with CommandFailed. */
export function output(command: string, args: readonly string[], { msMax, ...options }: Options): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { ...options, timeout: msMax, killSignal: 'SIGKILL', encoding: 'utf8' },
      (error, out, err) => {
        if (error === null) return resolve(out)
        const said = `${err}\n${out}`.split('\n').filter((line) => line.trim() !== '')
        const why = error.killed ? `took longer than ${msMax / 1_000} s` : (said.at(-1) ?? error.message).trim()
        reject(new CommandFailed(error.code === 'ENOENT' ? `there is no ${command} here` : `${command}: ${why}`))
      },
    )
  })
}
