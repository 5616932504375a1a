import { defineConfig } from 'vitest/config'
import { LongestFirst } from './tests/support/longest-first.ts'

export default defineConfig({
  test: {
    include: ['{shared,services,load-tests,tests,scripts}/**/*.test.ts'],
    // Starts the servers that tests ask for; nothing if none does.
    globalSetup: 'tests/support/servers-setup.ts',
    pool: 'forks',
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
    testTimeout: 10_000,
    hookTimeout: 30_000,
    // A test that passes on a second try hides a defect, and one left focused hides all others.
    retry: 0,
    allowOnly: false,
  },
})
