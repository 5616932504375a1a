import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BrokerLogPlace } from '#shared/log/broker-log-place'
import { loadSources } from './load-sources.ts'
import { sourceVariables } from './source-file.ts'
import { mapText, schema } from './testing/world.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigil-sources-'))
  mkdirSync(join(folder, 'maps'))
  writeFileSync(join(folder, 'maps/good.map.yaml'), mapText)
  writeFileSync(
    join(folder, 'maps/bad.map.yaml'),
    mapText.replace('row.sum', 'row.sum +').replace('account:', 'acount:'),
  )
  writeFileSync(join(folder, 'ca.pem'), 'a certificate')
})
afterAll(() => rmSync(folder, { recursive: true }))

function load(text: string, environment: Record<string, string> = {}, log?: BrokerLogPlace) {
  const { sources, diagnostics } = loadSources({ file: join(folder, 'sources.yaml'), text, schema, environment, log })
  const shown = diagnostics.map(
    ({ file, line, column, code, message }) =>
      `${file.slice(folder.length + 1)}:${line}:${column}: ${code}: ${message}`,
  )
  return {
    sources: sources.map(({ name, port, map }) => `${name} ${port.where} ${map !== undefined}`),
    shown,
    diagnostics,
  }
}

const one = (from: string, more = ''): string => `sources:\n  - name: core-banking\n    from: ${from}\n${more}`

describe('a file of sources', () => {
  it('names streams, and MAP files beside it', () => {
    const text = `sources:
  - name: core-banking
    from: kafka://broker-1:9092,broker-2/payments?group=g&from=end
    map: maps/good.map.yaml
  - name: cards
    from: nats://nats-1:4222/CARDS?subject=cards.>
`
    expect(load(text)).toMatchObject({
      sources: ['core-banking kafka://broker-1:9092,broker-2/payments true', 'cards nats://nats-1:4222/CARDS false'],
      shown: [],
    })
  })

  it.each([
    ['kafka://u:secret@broker/payments', 'credentials-in-file'],
    ['kafka://broker/payments?password=secret', 'credentials-in-file'],
    ['nats://secret@nats/CARDS', 'credentials-in-file'],
    ['nats://nats/CARDS?token=secret', 'credentials-in-file'],
    ['http://broker/payments', 'bad-source'],
    ['kafka://broker', 'bad-source'],
    ['kafka://broker/a,b', 'bad-source'],
    ['kafka://bro ker/a', 'bad-source'],
    ['kafka://broker/payments?grup=x', 'bad-source'],
    ['kafka://broker/payments?from=middle', 'bad-source'],
    ['kafka://broker/payments?subject=a', 'bad-source'],
    ['nats://nats/CARDS?subject=a..b', 'bad-source'],
    ['nats://nats/CA.RDS', 'bad-source'],
    ['kafka://broker/payments?sasl=PLAIN', 'bad-access'],
    ['kafka://broker/payments?tls=yes', 'bad-access'],
    ['kafka://broker/payments?ca=none.pem', 'bad-access'],
    ['nats://nats/CARDS?cert=ca.pem', 'bad-access'],
  ])('is refused for %s at its place, and nothing secret is shown', (from, code) => {
    const { sources, shown, diagnostics } = load(one(from))
    expect([sources, shown.length]).toEqual([[], 1])
    expect(shown[0]).toContain(`sources.yaml:3:11: ${code}: `)
    expect(JSON.stringify(diagnostics)).not.toContain('secret')
    expect(diagnostics[0].hint).toBeTruthy()
  })

  it.each([
    ['kafka://any-host/fraud', 'topic', { kind: 'kafka', topic: 'fraud' }],
    ['nats://any-host/fraud?subject=fraud.log.0', 'stream', { kind: 'nats', stream: 'fraud' }],
  ] as const)('is refused where %s is the log itself, and not where the log is another one', (from, what, log) => {
    const { sources, shown, diagnostics } = load(one(from), {}, log)
    expect([sources, shown]).toEqual([
      [],
      [`sources.yaml:3:11: bad-source: the ${what} fraud is the log itself (VIGIL_LOG), and would be read into itself`],
    ])
    expect(diagnostics[0].hint).toBe(`name another ${what}, here or for the log`)
    const others: readonly BrokerLogPlace[] = [
      { kind: 'kafka', topic: what === 'topic' ? 'vigil' : 'fraud' },
      { kind: 'nats', stream: what === 'stream' ? 'vigil' : 'fraud' },
    ]
    for (const other of others) expect(load(one(from), {}, other).shown).toEqual([])
  })

  it('tells all mistakes at once: names, keys, MAP files, and what stands in them', () => {
    const text = `sources:
  - name: core-banking
    from: kafka://broker/payments
    map: maps/none.map.yaml
  - name: core_banking
    from: kafka://broker/payments
    mpa: maps/good.map.yaml
  - name: cards
    from: nats://nats/CARDS
    map: maps/bad.map.yaml
`
    expect(load(text).shown).toEqual([
      expect.stringContaining('sources.yaml:4:10: missing-file: '),
      expect.stringContaining('sources.yaml:5:11: duplicate-name: '),
      expect.stringContaining('sources.yaml:7:5: unknown-key: '),
      expect.stringMatching(/^maps\/bad\.map\.yaml:4:\d+: missing-field: "transaction" needs "account"$/),
      expect.stringContaining('maps/bad.map.yaml:6:7: unknown-field: '),
      expect.stringMatching(/^maps\/bad\.map\.yaml:7:\d+: /),
    ])
  })

  it('takes credentials and TLS from variables, which go before the address', () => {
    const from = 'kafka://broker/payments?sasl=PLAIN&ca=ca.pem'
    const set = { VIGIL_SOURCE_CORE_BANKING_USER: 'u', VIGIL_SOURCE_CORE_BANKING_PASSWORD: 'p' }
    expect(load(one(from), set).shown).toEqual([])
    expect(load(one(from), { ...set, VIGIL_SOURCE_CORE_BANKING_SASL: 'MD5' }).shown).toHaveLength(1)
    expect(load(one(from), { VIGIL_SOURCE_CORE_BANKING_USER: 'u' }).shown[0]).toContain(
      'of user and password one is missing',
    )
    const nats = one('nats://nats/CARDS')
    expect(load(nats, { VIGIL_SOURCE_CORE_BANKING_TOKEN: 't' }).shown).toEqual([])
    expect(load(nats, { ...set, VIGIL_SOURCE_CORE_BANKING_TOKEN: 't' }).shown).toHaveLength(1)
  })

  it('tells which variables it has, also where something else is wrong in it', () => {
    const variables = sourceVariables(`${one('nonsense')}  - name: cards\n`)
    expect(variables).toContain('VIGIL_SOURCE_CORE_BANKING_PASSWORD')
    expect(variables).toContain('VIGIL_SOURCE_CARDS_CREDS')
    expect(sourceVariables('][')).toEqual([])
  })
})
