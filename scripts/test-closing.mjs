// What a test run says at its end, from what it left behind. Apart from test.mjs so that it can be tested.

/**
 * @param {object} run
 * @param {{numPassedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: {status: string, assertionResults: {status: string}[]}[]} | null} run.report
 *   vitest's JSON report; null if it left none, which is a failure
 * @param {string} run.skips lines of `{"suite", "reason", "isOptional"?}`, see tests/support/missing.ts
 * @param {boolean} run.isCi where everything must be available, so that a suite that is skipped there is a failure
 * @param {number} run.exitCode vitest's own; it also fails for errors outside any test
 * @returns {{lines: string[], failed: boolean}} the totals are the last line
 */
export function closing({ report, skips, isCi, exitCode }) {
  const lines = []
  const missing = uniqueSkips(skips)
  const isFailure = isCi && missing.some(({ isOptional }) => isOptional !== true)
  if (missing.length > 0) {
    lines.push('', 'Skipped, as a server, data or a tool was not available:')
    for (const { suite, reason } of missing) lines.push(`  ${suite}: ${reason}`)
    if (isFailure) lines.push('This counts as a failure, because CI=true: servers and data must be available there.')
  }

  const passed = report?.numPassedTests ?? 0
  const failures = countFailures(report)
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0)
  const noneRan = passed + failures === 0
  if (report === null) lines.push('', 'vitest ended without a report.')
  else if (noneRan) lines.push('', 'No test ran.')
  else if (exitCode !== 0 && failures === 0)
    lines.push('', 'All tests passed, yet vitest failed: see the errors above.')

  lines.push('', `${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  return { lines, failed: exitCode !== 0 || failures > 0 || noneRan || isFailure }
}

/** Failed tests, and each file that failed without a failed test: it did not load, so its tests are not counted at all. */
function countFailures(report) {
  let count = 0
  for (const file of report?.testResults ?? []) {
    const failed = file.assertionResults.filter((test) => test.status === 'failed').length
    count += failed === 0 && file.status === 'failed' ? 1 : failed
  }
  return count
}

function uniqueSkips(text) {
  return [...new Set(text.split('\n').filter(Boolean))].map((line) => JSON.parse(line))
}
