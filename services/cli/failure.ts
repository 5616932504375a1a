/** The command did not start: a flag, file or folder is not what it should be. Exit code 2. */
export class NotStarted extends Error {
  override readonly name = 'NotStarted'
}

/** Exit codes of the command line. */
export const exitCodes = {
  done: 0,
  /** It ran and found something wrong, or was stopped by a failure. */
  foundWrong: 1,
  notStarted: 2,
} as const
