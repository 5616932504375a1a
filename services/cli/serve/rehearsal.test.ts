import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { EventBatch } from '#shared/domain/event-batch'
import { ScanCodec } from '#shared/wire/scan-codec'
import { checkedRuleSet, readRuleFolder } from '../rule-folder.ts'
import { rehearse } from './rehearsal.ts'
import { sampleEvent } from './sample-event.ts'

const ruleFiles = await readRuleFolder('rules')
const ruleSet = checkedRuleSet('rules', ruleFiles)

describe('a rehearsal', () => {
  // Services that start at the same time rehearse in the machine's own folder.
  const folder = mkdtempSync(join(tmpdir(), 'vigil-test-'))
  beforeAll(() => void vi.stubEnv('TMPDIR', folder))
  afterAll(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })

  it('makes decisions by the rules of the service and leaves nothing behind', async () => {
    expect(await rehearse(ruleSet, ruleFiles, new AbortController().signal)).toBeGreaterThan(100)
    expect(readdirSync(folder)).toEqual([])
  })

  it('ends early, and leaves nothing behind, when the service closes', async () => {
    expect(await rehearse(ruleSet, ruleFiles, AbortSignal.abort())).toBe(0)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('a made-up event', () => {
  it('is one that the service takes', () => {
    const codec = new ScanCodec(ruleSet.events)
    const batch = new EventBatch(ruleSet.events, new Set(ruleSet.events.fields.keys()), 8)
    for (let n = 0; n < 8; n++) {
      const bytes = Buffer.from(sampleEvent(ruleSet.events, n))
      expect(codec.decode(bytes, 0, bytes.length, batch, n)).toBeUndefined()
    }
    expect(batch.id.slice(0, 2)).toEqual(['rehearsal-0', 'rehearsal-1'])
  })

  it('has a value of each type', () => {
    const types = ['string', 'bool', 'int', 'double', 'timestamp', 'duration'] as const
    const schema = {
      fields: [
        ...types.map((kind) => ({ path: `all.${kind}`, type: { kind } })),
        { path: 'price', type: { kind: 'money' as const, decimals: 2 } },
        { path: 'tags', type: { kind: 'list' as const, element: { kind: 'string' as const } } },
        { path: 'more', type: { kind: 'map' as const, value: { kind: 'int' as const } } },
      ],
      types: [
        {
          name: 'visit',
          fields: Array.from({ length: 9 }, (_, field) => ({ field, optional: false })),
          keys: [{ key: 0, fields: [0] }],
        },
      ],
      keys: ['visitor'],
    }
    const batch = new EventBatch(schema, new Set(schema.fields.keys()), 1)
    const bytes = Buffer.from(sampleEvent(schema, 1))
    expect(new ScanCodec(schema).decode(bytes, 0, bytes.length, batch, 0)).toBeUndefined()
  })
})
