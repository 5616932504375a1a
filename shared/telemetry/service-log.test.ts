import { describe, expect, it } from 'vitest'
import { jsonLog, terminalLog } from './service-log.ts'

const said = (): { readonly lines: string[]; readonly stream: { write(line: string): void } } => {
  const lines: string[] = []
  return { lines, stream: { write: (line) => void lines.push(line) } }
}

const failure = (): Error =>
  Object.assign(new Error('redis://vigil:secret@127.0.0.1:6379 refused SET'), {
    code: 'ECONNREFUSED',
    command: { name: 'set', args: ['card 4111111111111111'] },
    detail: 'Key (name)=(Jane Canary) exists',
  })

describe('the log of the service', () => {
  it('is one JSON object a line, with the trace where there is one', () => {
    const { lines, stream } = said()
    jsonLog(stream).warn('a rule fails', { rule: 'large', count: 3, traceId: 'a'.repeat(32) })
    expect(lines).toHaveLength(1)
    expect(lines[0].endsWith('\n')).toBe(true)
    expect(JSON.parse(lines[0])).toMatchObject({
      level: 'warn',
      service: 'vigil',
      msg: 'a rule fails',
      rule: 'large',
      count: 3,
      trace_id: 'a'.repeat(32),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
  })

  it.each(['json', 'terminal'] as const)('tells of an error (%s) nothing that a client has hung on it', (form) => {
    const { lines, stream } = said()
    const log = form === 'json' ? jsonLog(stream) : terminalLog(stream.write)
    log.error('the request failed', failure(), { traceId: 'b'.repeat(32) })
    const text = lines.join('')
    expect(text).toContain('redis://…@127.0.0.1:6379 refused SET')
    expect(text).toContain('b'.repeat(32))
    for (const canary of ['secret', '4111111111111111', 'Jane', 'args']) expect(text).not.toContain(canary)
  })

  it('tells a person at a terminal of mistakes alone', () => {
    const { lines, stream } = said()
    const log = terminalLog(stream.write)
    log.info('started')
    log.warn('a rule fails')
    expect(lines).toEqual([])
  })
})
