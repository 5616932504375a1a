import { appendFileSync } from 'node:fs'

/**
 * Records that a suite does not run because its server or data is not available. `npm test` names it at the end of the
 * run, and fails with CI=true. Call it where the suite is defined, next to `describe.skipIf`.
 * @param suite  what does not run, in the words of its `describe`
 * @param reason what is absent and how to get it, in one line
 */
export function missing(suite: string, reason: string): void {
  tell({ suite, reason })
}

/** The same of a check by a foreign tool that no machine must have: it is named, and nothing fails. */
export function missingTool(suite: string, reason: string): void {
  tell({ suite, reason, isOptional: true })
}

function tell(skip: { readonly suite: string; readonly reason: string; readonly isOptional?: boolean }): void {
  const file = process.env['VIGIL_TEST_SKIPS']
  if (file === undefined) console.warn(`skipped: ${skip.suite}: ${skip.reason}`)
  else appendFileSync(file, `${JSON.stringify(skip)}\n`)
}
