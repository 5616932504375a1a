// The product as its users run it: the command in a process of its own, files in and out.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { projectRoot } from '../../scripts/source-tree.ts'

const launcher = join(projectRoot, 'services/cli/vigil.mjs')

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `vigil` from the root of the project until it ends. */
export function vigil(args: readonly string[], stdin: string | Uint8Array = ''): Promise<Finished> {
  return finished(process.execPath, [launcher, ...args], stdin)
}

/** Runs a line of shell in which `vigil` is the command and `$1`, `$2` … are the arguments. */
export function shell(line: string, ...args: readonly string[]): Promise<Finished> {
  const script = `set -o pipefail; vigil() { ${JSON.stringify(process.execPath)} ${JSON.stringify(launcher)} "$@"; }\n${line}`
  return finished('bash', ['-c', script, 'bash', ...args], '')
}

/** More at once would only make each slower, and time limits with it. */
const childrenMax = 2
let children = 0
const waiting: (() => void)[] = []

async function finished(program: string, args: readonly string[], stdin: string | Uint8Array): Promise<Finished> {
  if (children >= childrenMax) await new Promise<void>((resolve) => waiting.push(resolve))
  children++
  try {
    return await ended(program, args, stdin)
  } finally {
    children--
    waiting.shift()?.()
  }
}

function ended(program: string, args: readonly string[], stdin: string | Uint8Array): Promise<Finished> {
  const child = spawn(program, args, { cwd: projectRoot })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  // A command that refuses to start does not read its input.
  child.stdin.on('error', () => {})
  child.stdin.end(stdin)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) =>
      resolve({ code: code ?? -1, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    )
  })
}

/** A line of `replay --emit alerts`. */
export interface Alert {
  readonly id: string
  readonly rule: string
  readonly by: string
  readonly key: string
  readonly at: string
  readonly event?: string
  readonly steps?: Readonly<Record<string, readonly string[]>>
  readonly features?: Readonly<Record<string, number | string>>
  readonly score: number
  readonly revision: number
  readonly status: 'raised' | 'amended' | 'withdrawn'
}

export interface DeadLetter {
  readonly row: number
  readonly reason: string
  readonly field?: string
  readonly message: string
}

export interface Summary {
  readonly rows: number
  readonly events: number
  readonly duplicates: number
  readonly late: number
  readonly deadLetters: Readonly<Record<string, number>>
  readonly alerts: Readonly<Record<string, number>>
}

export interface Replay<Line> {
  /** Lines of `--out`, as they are. */
  readonly text: string
  readonly lines: readonly Line[]
  readonly deadLetters: readonly DeadLetter[]
  readonly summary: Summary
}

/** A folder that comes with its first file and goes when it is closed. */
export class Workspace {
  #folder: string | undefined
  #replays = 0

  path(name: string): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'vigil-acceptance-'))
    return join(this.#folder, name)
  }

  /** @returns the path of the file */
  write(name: string, content: string | Uint8Array): string {
    const path = this.path(name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return path
  }

  /** Writes the files of a rule set. @returns the path of its folder */
  rules(name: string, files: Readonly<Record<string, string>>): string {
    for (const [file, text] of Object.entries(files)) this.write(`${name}/${file}`, text)
    return this.path(name)
  }

  /**
   * Runs `vigil replay` to its end. Throws where it exits with anything but 0.
   * @param flags further ones, as on the command line
   */
  async replay<Line = Alert>(
    rules: string,
    events: string | readonly string[],
    ...flags: readonly string[]
  ): Promise<Replay<Line>> {
    const number = ++this.#replays
    const [out, dead, counts] = ['out', 'dead', 'summary'].map((name) => this.path(`${name}-${number}.jsonl`))
    const inputs = [events].flat().flatMap((file) => ['--events', file])
    const outputs = ['--out', out, '--dead-letters', dead, '--summary', counts]
    const { code, stderr } = await vigil(['replay', '--rules', rules, ...inputs, ...outputs, ...flags])
    if (code !== 0) throw new Error(`vigil replay exited with ${code}: ${stderr}`)
    const text = readFileSync(out, 'utf8')
    let lines: Line[] | undefined
    return {
      text,
      get lines() {
        lines ??= parseLines<Line>(text)
        return lines
      },
      deadLetters: parseLines<DeadLetter>(readFileSync(dead, 'utf8')),
      summary: JSON.parse(readFileSync(counts, 'utf8')),
    }
  }

  close(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
  }
}

export const parseLines = <T>(text: string): T[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
