import type { Diagnostic } from '#shared/rule-language/diagnostic'

/** Reading did not start: a file that is not there, a name that tells no format, a map with errors. Not to be tried again as it is. */
export class InputRefused extends Error {
  readonly _tag = 'InputRefused'
  override readonly name = 'InputRefused'
  /** What is wrong in the map file, all of it; empty where something else is. */
  readonly diagnostics: readonly Diagnostic[]

  constructor(message: string, diagnostics: readonly Diagnostic[] = []) {
    super(message)
    this.diagnostics = diagnostics
  }
}

/** Reading started and broke: a disk, or a file that is not what it claims to be. Rows before it were handed out. */
export class InputFailed extends Error {
  readonly _tag = 'InputFailed'
  override readonly name = 'InputFailed'

  /** @param at where in the file, as a person would look for it: `byte 1234 of the compressed file` */
  constructor({ file, at, cause }: { readonly file: string; readonly at: string; readonly cause: unknown }) {
    super(`${file}: ${cause instanceof Error ? cause.message : String(cause)}, at ${at}`, { cause })
  }
}

/** The sentence for an error of the file system. */
export function fileProblem(file: string, error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  const known = {
    ENOENT: 'does not exist',
    EACCES: 'may not be read',
    EISDIR: 'is a folder',
    ENOTDIR: 'is not in a folder',
  }
  const what = known[code as keyof typeof known] ?? (error instanceof Error ? error.message : String(error))
  return `${file}: ${what}`
}
