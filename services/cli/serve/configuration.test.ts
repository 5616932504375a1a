import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { inspect } from 'node:util'
import * as Redacted from 'effect/Redacted'
import { describe, expect, it } from 'vitest'
import { NotStarted } from '../failure.ts'
import { readServeConfiguration } from './configuration.ts'
import { serveSettings } from './serve-settings.ts'
import { settingsHelp } from './settings-help.ts'

/** With the URLs of stores as text. */
function read(environment: Record<string, string>, ...args: readonly string[]) {
  const { log, checkpoints, store, ...rest } = readServeConfiguration(args, environment)
  return { ...rest, log: Redacted.value(log), checkpoints: Redacted.value(checkpoints), store: Redacted.value(store) }
}

/** The lines of the refusal. */
function refusal(environment: Record<string, string>, ...args: readonly string[]): string[] {
  try {
    read(environment, ...args)
  } catch (error) {
    if (error instanceof NotStarted) return error.message.split('\n')
    throw error
  }
  throw new Error('nothing was refused')
}

const defaults = {
  host: '127.0.0.1',
  port: 8080,
  dataDir: '.vigil',
  rulesDir: 'rules',
  latenessMs: 600_000,
  partitions: 1,
  log: 'sqlite:',
  checkpoints: 'sqlite:',
  store: 'pglite:',
  redisReplicas: 0,
  retentionMs: 48 * 3_600_000,
  snapshots: 'file:',
  memoryBytesMax: 2 ** 30,
  lateOutcome: 'review',
  kafkaClient: 'platformatic',
  alertsTo: undefined,
  decisionsTo: undefined,
  adminToken: undefined,
  isDemo: false,
}

describe('the configuration of serve', () => {
  it('has a default for everything but the token', () => {
    expect(read({ PATH: '/bin', HOME: '/' })).toEqual(defaults)
  })

  it('is read from the environment', () => {
    const { adminToken, ...rest } = read({
      ...{ VIGIL_HOST: '::', VIGIL_PORT: '0', VIGIL_DATA_DIR: '/var/lib/vigil', VIGIL_RULES: 'my rules' },
      ...{ VIGIL_LATENESS: '1h30m', VIGIL_PARTITIONS: '4', VIGIL_LOG: 'sqlite:', VIGIL_CHECKPOINTS: 'sqlite:' },
      ...{ VIGIL_STORE: 'pglite:', VIGIL_MEMORY: '512MiB', VIGIL_LATE_OUTCOME: 'decline', VIGIL_ADMIN_TOKEN: 'vk_1' },
    })
    expect(rest).toEqual({
      ...defaults,
      ...{ host: '::', port: 0, dataDir: '/var/lib/vigil', rulesDir: 'my rules', latenessMs: 5_400_000, partitions: 4 },
      ...{ memoryBytesMax: 2 ** 29, lateOutcome: 'decline' },
    })
    expect(adminToken && Redacted.value(adminToken)).toBe('vk_1')
  })

  it('takes a flag before the variable of the same name, also before a wrong one', () => {
    expect(read({ VIGIL_PORT: 'http', VIGIL_DATA_DIR: 'a' }, '--port', '81', '--data-dir=b', '--demo')).toEqual({
      ...{ ...defaults, port: 81, dataDir: 'b', isDemo: true },
    })
  })

  it('counts a variable that is set to nothing as not set, but not a flag, and no secret', () => {
    expect(read({ VIGIL_PORT: '', VIGIL_RULES: '' })).toEqual(defaults)
    expect(refusal({}, '--rules', '')).toEqual(['--rules (VIGIL_RULES) is "", not the path of a folder; give one'])
    expect(refusal({ VIGIL_ADMIN_TOKEN: '' })).toEqual([expect.stringMatching(/^VIGIL_ADMIN_TOKEN .*unset it$/)])
  })

  it('names every mistake at once, with variable, flag, value, reason and remedy', () => {
    const wrong = {
      ...{ VIGIL_HOST: 'http://a', VIGIL_PORT: '65536', VIGIL_LATENESS: '10', VIGIL_PARTITIONS: '0' },
      ...{ VIGIL_LOG: 'nats://a:4222/?strem=x', VIGIL_CHECKPOINTS: 'postgres://a', VIGIL_STORE: 'postgre://a' },
      ...{ VIGIL_MEMORY: '1 elephant', VIGIL_LATE_OUTCOME: 'reviw', VIGIL_DATADIR: 'x', VIGIL_WHATEVER: 'x' },
    }
    expect(refusal(wrong, '--admin-token', 'se cret')).toEqual([
      'the configuration has 12 mistakes',
      '  VIGIL_DATADIR: no variable of Vigil; did you mean VIGIL_DATA_DIR?',
      expect.stringMatching(/^ {2}VIGIL_WHATEVER: no variable of Vigil; known are VIGIL_HOST, .*VIGIL_ADMIN_TOKEN$/),
      '  VIGIL_HOST (--host) is "http://a", not an address or the name of a host; give one such as 127.0.0.1, without port or brackets',
      '  VIGIL_PORT (--port) is "65536", not a whole number from 0 to 65535; give one such as 8080; 0 takes any free port',
      '  VIGIL_LATENESS (--lateness) is "10", not a duration of at most 7d; give one such as 30s, 10m or 1h30m',
      '  VIGIL_PARTITIONS (--partitions) is "0", not a whole number from 1 to 256; one process needs no more than 1',
      expect.stringMatching(
        /^ {2}VIGIL_LOG \(--log\) is "nats:.*there is no parameter strem; .*; write sqlite:, nats:/,
      ),
      '  VIGIL_CHECKPOINTS (--checkpoints) is "postgres://a", postgres:// is for alerts, not for checkpoints; write sqlite:, redis://HOST:PORT, rediss://HOST:PORT, or leave it out',
      '  VIGIL_STORE (--store) is "postgre://a", not a URL for alerts (did you mean postgres://?); known are pglite:, postgres://, postgresql://',
      '  VIGIL_MEMORY (--memory) is "1 elephant", not an amount of memory from 16MiB to 16GiB; give one such as 512MiB, 1GiB or 1073741824',
      '  VIGIL_LATE_OUTCOME (--late-outcome) is "reviw", not an outcome; did you mean review? known are allow, challenge, review, hold, decline',
      '  --admin-token (VIGIL_ADMIN_TOKEN) is not 1 to 1,024 visible ASCII characters without spaces; give another token, or unset it',
    ])
  })

  it('tells an unknown flag with the nearest one, beside what is wrong in the environment', () => {
    expect(refusal({ VIGIL_MEMORY: 'x', VIGIL_PORT: 'x' }, '--prot', '1', '--port', '2')).toEqual([
      'the configuration has 2 mistakes',
      '  unknown flag --prot; did you mean --port?',
      expect.stringContaining('VIGIL_MEMORY'),
    ])
    expect(refusal({}, 'more')).toEqual(['too many arguments: more'])
  })

  it('knows the variables of the sources that its file names', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'vigil-configuration-')), 'sources.yaml')
    writeFileSync(file, 'sources:\n  - name: core-banking\n    from: kafka://broker/payments\n')
    const set = { VIGIL_SOURCES: file, VIGIL_SOURCE_CORE_BANKING_USER: 'u' }
    expect(read(set)).toEqual({ ...defaults, sources: file })
    expect(refusal({ ...set, VIGIL_SOURCE_CORE_BANKING_PASWORD: 'p' })).toEqual([
      'VIGIL_SOURCE_CORE_BANKING_PASWORD: no variable of Vigil; did you mean VIGIL_SOURCE_CORE_BANKING_PASSWORD?',
    ])
    expect(refusal({ VIGIL_SOURCE_CORE_BANKING_USER: 'u' })).toHaveLength(1)
    rmSync(dirname(file), { recursive: true })
  })

  it('leaves VIGIL_TEST_ to tests, and VIGIL_TOKEN to the command that sends', () => {
    expect(read({ VIGIL_TEST_CASES: '5', VIGIL_TOKEN: 'x' })).toEqual(defaults)
  })

  it('takes the URLs of servers, with what they need to be let in', () => {
    const urls = {
      VIGIL_CHECKPOINTS: 'rediss://:pass@redis:6379/2',
      VIGIL_STORE: 'postgres://u:p@db/vigil?sslmode=require',
    }
    expect(read({ ...urls, VIGIL_REDIS_REPLICAS: '2' })).toMatchObject({
      ...{ checkpoints: urls.VIGIL_CHECKPOINTS, store: urls.VIGIL_STORE, redisReplicas: 2 },
    })
    expect(refusal({ VIGIL_CHECKPOINTS: 'redis://a:b:c' })).toEqual([expect.stringContaining('not a URL')])
  })

  it.each([
    ['kafka://log:9092', 'kafka://joe:secret@other:9092/vigil', 'the topic vigil is the log itself'],
    ['kafka://log/?topic=fraud', 'kafka://log/fraud', 'the topic fraud is the log itself'],
    ['nats://log', 'tls://other/vigil.log.0', 'subjects in vigil.log.* are the log itself'],
    ['tls://log/?stream=fraud', 'nats://log/fraud.log.alerts', 'subjects in fraud.log.* are the log itself'],
  ])('refuses to send into the log itself: with %s, to %s', (log, sink, why) => {
    const lines = refusal({ VIGIL_LOG: log, VIGIL_ALERTS_TO: sink }, '--decisions-to', sink)
    expect(lines).toEqual([
      'the configuration has 2 mistakes',
      expect.stringMatching(/^ {2}VIGIL_ALERTS_TO \(--alerts-to\) is ".*; name another (topic|subject)$/),
      expect.stringMatching(/^ {2}--decisions-to \(VIGIL_DECISIONS_TO\) is ".*; name another (topic|subject)$/),
    ])
    expect(lines[1]).toContain(`${why} (VIGIL_LOG)`)
    expect(lines.join()).not.toContain('secret')
  })

  it.each([
    ['sqlite:', 'kafka://log/vigil'],
    ['kafka://log', 'kafka://log/vigil-alerts'],
    ['kafka://log', 'nats://log/vigil.log.0'],
    ['nats://log', 'kafka://log/vigil'],
    ['nats://log', 'nats://log/vigil.alerts'],
    ['nats://log', 'nats://log/vigil.logs'],
    ['nats://log/?stream=fraud', 'nats://log/vigil.log.0'],
  ])('takes what is beside the log: with %s, %s', (log, sink) => {
    const { alertsTo } = read({ VIGIL_LOG: log, VIGIL_ALERTS_TO: sink })
    expect(alertsTo && Redacted.value(alertsTo)).toBe(sink)
  })

  it.each(['sqlite:other.db', 'sqlite://other.db', 'sqlite', 'pglite:'])('refuses %s as a log', (url) => {
    expect(refusal({ VIGIL_LOG: url })).toEqual([expect.stringMatching(/; .*sqlite:/)])
  })

  it.each([
    ['16MiB', 2 ** 24],
    ['16GiB', 2 ** 34],
    ['1GB', 1e9],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['1073741824', 2 ** 30],
  ])('takes %s as memory', (text, bytes) => {
    expect(read({ VIGIL_MEMORY: text }).memoryBytesMax).toBe(bytes)
  })

  it.each(['0', '15MiB', '17GiB', '-1', '1e9', 'lots', '1GIB'])('refuses %s as memory', (text) => {
    expect(refusal({ VIGIL_MEMORY: text })).toHaveLength(1)
  })

  it.each([
    ['1h', 3_600_000],
    ['30d', 30 * 86_400_000],
    ['forever', undefined],
  ])('takes %s as retention of the log', (text, ms) => {
    expect(read({ VIGIL_LOG_RETENTION: text }).retentionMs).toBe(ms)
  })

  it.each(['59m', '2', 'ever', '-1h'])('refuses %s as retention of the log', (text) => {
    expect(refusal({ VIGIL_LOG_RETENTION: text })).toHaveLength(1)
  })

  it.each([
    'file:',
    'none',
    '/mnt/snapshots',
    'snapshots',
    'file:///mnt/snapshots',
    's3://bucket/a/b?endpoint=http://127.0.0.1:9000',
  ])('takes %s as a place of snapshots', (text) => {
    expect(read({ VIGIL_SNAPSHOTS: text }).snapshots).toBe(text)
  })

  it.each(['http://bucket', 's3://', 's3://bucket?key=x', 'file://host/path'])(
    'refuses %s as a place of snapshots',
    (text) => {
      expect(refusal({ VIGIL_SNAPSHOTS: text })).toHaveLength(1)
    },
  )

  it.each(['localhost', 'vigil.bank.example', '0.0.0.0', '::1', '10.0.0.1'])('takes %s as host', (host) => {
    expect(read({ VIGIL_HOST: host }).host).toBe(host)
  })

  it.each(['[::1]', '127.0.0.1:80', '127.0.0.256', '8080', 'a b', '-a'])('refuses %s as host', (host) => {
    expect(refusal({}, `--host=${host}`)).toHaveLength(1)
  })

  it('never shows a secret: neither the token nor what stands in a URL', () => {
    const token = 'very secret'
    expect(refusal({ VIGIL_ADMIN_TOKEN: token }).join()).not.toContain('secret')
    expect(refusal({ VIGIL_STORE: 'postgres://joe:very/secret@db/x' }).join()).not.toMatch(/secret|joe/)
    const configuration = readServeConfiguration([], {
      VIGIL_ADMIN_TOKEN: 'hunter2',
      VIGIL_STORE: 'postgres://joe:hunter2@db/vigil',
    })
    expect(`${JSON.stringify(configuration)} ${inspect(configuration, { depth: 9 })}`).not.toContain('hunter2')
  })

  it('shows at most the start of a long value, on one line', () => {
    const [line, ...more] = refusal({ VIGIL_PORT: `\n\u001b[2J${'9'.repeat(5_000)}` })
    expect(more).toEqual([])
    expect(line.length).toBeLessThan(300)
    expect(line).not.toContain('\u001b')
  })

  it('is in the help with every flag, variable and default', () => {
    const help = settingsHelp()
    for (const { variable, flag, fallback } of Object.values(serveSettings)) {
      expect(help).toContain(`--${flag} `)
      expect(help).toContain(variable)
      if (fallback !== undefined) expect(help).toContain(fallback)
    }
  })

  it('is in the document with every flag, variable and default', () => {
    const document = readFileSync(join(import.meta.dirname, '../../../docs/serving.md'), 'utf8')
    for (const { variable, flag, fallback } of Object.values(serveSettings)) {
      const value = fallback === undefined ? 'none' : `\`${fallback}\``
      expect(document).toContain(`| \`${variable}\` | \`--${flag}\` | ${value} | `)
    }
  })
})
