import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createServer } from '../../api/server.ts'
import { MemoryVigil } from '../../api/testing/memory-vigil.ts'
import { SendProcess } from './testing/send-process.ts'

it('the API of the service takes what is sent, and its refusals are understood', async () => {
  const vigil = new MemoryVigil()
  const failures: unknown[] = []
  const onFailure = (error: unknown): unknown => failures.push(error)
  const app = await createServer({ vigil, access: { adminToken: 'vk_1' }, onFailure })
  const folder = mkdtempSync(join(tmpdir(), 'vigil-send-service-'))
  try {
    const to = await app.listen({ host: '127.0.0.1', port: 0 })
    const event = (id: string, account = '"A"'): string =>
      `{"id":"${id}","at":"2026-03-01T12:00:00Z","account":${account},"amount":1.50}`
    const good = Array.from({ length: 250 }, (_, i) => event(`t${i}`))
    const rows = [...good, event('t0', '"other"'), event('late'), '{', event('bad', '7'), good[5], '{"\xff']
    writeFileSync(join(folder, 'a.jsonl'), `${rows.join('\n')}\n`, 'latin1')
    const flags = ['--to', to, join(folder, 'a.jsonl'), '--rejected', join(folder, 'bad.jsonl')]
    const { code, stdout } = await new SendProcess(flags, { VIGIL_TOKEN: 'vk_1' }).ended()
    expect(JSON.parse(stdout)).toMatchObject({ rows: 256, accepted: 251, duplicates: 1, rejected: 4, retries: 0 })
    expect(code).toBe(1)
    expect(vigil.log.map(({ record }) => record.event)).toEqual([...good, event('late')])
    const bad = readFileSync(join(folder, 'bad.jsonl'), 'utf8').trimEnd().split('\n')
    expect(bad.map((line) => JSON.parse(line))).toEqual([
      { row: 251, reason: 'id-conflict', field: 'id', message: expect.any(String) },
      { row: 253, reason: 'bad-json', message: expect.any(String) },
      { row: 254, reason: 'bad-value', field: 'account', message: expect.any(String) },
      { row: 256, reason: 'bad-encoding', message: expect.any(String) },
    ])
    expect(failures).toEqual([])
  } finally {
    await app.close()
    rmSync(folder, { recursive: true })
  }
})
