/** The command did not start: a flag, file or folder is not what it should be. Exit code 2. */
export class NotStarted extends Error {
  override readonly name = 'NotStarted'
}

/** The command ran and found files with errors: a rule set, a map. Exit code 1. */
export class FoundErrors extends Error {
  override readonly name = 'FoundErrors'
}

/** Exit codes of the command line. */
export const exitCodes = {
  done: 0,
  /** It ran and found something wrong, or was stopped by a failure. */
  foundWrong: 1,
  notStarted: 2,
} as const
