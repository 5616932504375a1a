import { describe, expect, it } from 'vitest'
import { closing } from './test-closing.mjs'

/** A vitest report of files, each given by the statuses of its tests. */
function reportOf(...files: ReadonlyArray<ReadonlyArray<string>>) {
  const all = files.flat()
  return {
    numPassedTests: all.filter((status) => status === 'passed').length,
    numPendingTests: all.filter((status) => status === 'skipped').length,
    numTodoTests: 0,
    testResults: files.map((tests) => ({
      status: tests.length === 0 || tests.includes('failed') ? 'failed' : 'passed',
      assertionResults: tests.map((status) => ({ status })),
    })),
  }
}

const green = { report: reportOf(['passed', 'passed'], ['passed']), skips: '', isCi: false, exitCode: 0 }
const skips = `{"suite":"kafka log","reason":"no server"}\n`

describe('the end of a test run', () => {
  it('is the totals, alone on the last line', () => {
    expect(closing(green)).toEqual({ lines: ['', '3 passed, 0 failed'], failed: false })
  })

  it('counts skipped tests only if there are any', () => {
    const { lines, failed } = closing({ ...green, report: reportOf(['passed', 'skipped']) })
    expect(lines.at(-1)).toBe('1 passed, 0 failed, 1 skipped')
    expect(failed).toBe(false)
  })

  it('names each suite that had no server or data once, and fails for it only in CI', () => {
    const local = closing({ ...green, skips: skips + skips })
    expect(local.lines.filter((line) => line.includes('kafka log'))).toEqual(['  kafka log: no server'])
    expect(local.failed).toBe(false)
    const ci = closing({ ...green, skips, isCi: true })
    expect(ci.lines.at(-1)).toBe('3 passed, 0 failed')
    expect(ci.failed).toBe(true)
  })

  it('names a tool that is absent, and fails nowhere for it', () => {
    const tool = `{"suite":"alert rules","reason":"no checker","isOptional":true}\n`
    const ci = closing({ ...green, skips: tool, isCi: true })
    expect(ci.lines).toContain('  alert rules: no checker')
    expect(ci.failed).toBe(false)
    expect(closing({ ...green, skips: tool + skips, isCi: true }).failed).toBe(true)
  })

  it.each([
    ['a test failed', { ...green, report: reportOf(['passed', 'failed']), exitCode: 1 }, '1 passed, 1 failed'],
    ['a file did not load', { ...green, report: reportOf(['passed'], []), exitCode: 1 }, '1 passed, 1 failed'],
    ['no test ran', { ...green, report: reportOf(['skipped']) }, '0 passed, 0 failed, 1 skipped'],
    ['an error fell outside the tests', { ...green, exitCode: 1 }, '3 passed, 0 failed'],
    ['vitest left no report', { ...green, report: null, exitCode: 137 }, '0 passed, 0 failed'],
  ])('fails if %s', (_, run, totals) => {
    const { lines, failed } = closing(run)
    expect(failed).toBe(true)
    expect(lines.at(-1)).toBe(totals)
  })
})
