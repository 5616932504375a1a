import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sendCommand } from './send-command.ts'
import { BankServer, eventErrors, respond } from './testing/bank-server.ts'
import { SendProcess } from './testing/send-process.ts'

let folder: string
let bank: BankServer
let to: string
const processes: SendProcess[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vigil-send-'))
  bank = new BankServer()
  to = await bank.start()
})
afterEach(async () => {
  for (const { child } of processes.splice(0)) child.kill('SIGKILL')
  await bank.stop()
  rmSync(folder, { recursive: true })
})

const path = (name: string): string => join(folder, name)
function write(name: string, content: string | Uint8Array): string {
  writeFileSync(path(name), content)
  return path(name)
}

/** Rows as a bank may write them: what is between the brackets must arrive as it is. */
const rows = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `{ "id":"t${from + i}",  "amount": 1.50, "note":"é" }`)
const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

function start(args: readonly string[], environment?: Readonly<Record<string, string>>): SendProcess {
  const started = new SendProcess(args, environment)
  processes.push(started)
  return started
}
const send = (...args: readonly string[]) => start(['--to', to, ...args]).ended()
const resumed = (name: string) => JSON.parse(readFileSync(path(name), 'utf8'))

describe('vigil send', () => {
  it('sends rows as they are, in order, in batches, over one kept connection', async () => {
    const file = write('a.jsonl', text(rows(1, 250)))
    const { code, stdout, stderr } = await send(file)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      ...{ rows: 250, accepted: 250, duplicates: 0, rejected: 0, retries: 0 },
      ...{ seconds: expect.any(Number), eventsPerSecond: expect.any(Number) },
    })
    expect(bank.received.map(({ lines }) => lines.length)).toEqual([100, 100, 50])
    expect(bank.taken).toEqual(rows(1, 250))
    expect(bank.connections).toBe(1)
    const [{ headers, url }] = bank.received
    expect({ url, type: headers['content-type'] }).toEqual({
      url: '/v1/transactions',
      type: 'application/x-ndjson',
    })
  })

  it('takes several files, compressed ones and stdin, and knows no empty lines', async () => {
    const first = write('a.jsonl.gz', gzipSync(text(rows(1, 3))))
    const second = write('b.jsonl', `\ufeff${rows(4, 4)}\r\n\r\n\n${rows(5, 5)}`)
    const sending = start(['--to', `${to}/`, first, '-', second, '--batch', '2'])
    sending.child.stdin?.end(text(rows(6, 7)))
    expect(await sending.ended()).toMatchObject({ code: 0 })
    expect(bank.taken).toEqual([...rows(1, 3), ...rows(6, 7), ...rows(4, 5)])
  })

  it('sends the rows of a slow pipe as they come', async () => {
    const sending = start(['--to', to, '-'])
    sending.child.stdin?.write(text(rows(1, 1)))
    await bank.requests(1)
    sending.child.stdin?.end(text(rows(2, 2)))
    expect(await sending.ended()).toMatchObject({ code: 0 })
    expect(bank.received.map(({ lines }) => lines.length)).toEqual([1, 1])
  })

  it('sends the same again after 429, 5xx and broken connections, and waits as long as it is told', async () => {
    bank.answer = ({ response }, number) => {
      if (number === 1) return respond(response, 503, {}, { 'retry-after': '1' })
      if (number === 2) return respond(response, 429, {})
      if (number === 3) return respond(response, 504, {})
      if (number === 4) return respond(response, 500, {})
      if (number === 5) {
        response.destroy()
        return true
      }
      return false
    }
    const { code, stdout, stderr } = await send(write('a.jsonl', text(rows(1, 6))), '--batch', '3')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ rows: 6, accepted: 6, retries: 5 })
    expect(bank.received.map(({ lines }) => lines)).toEqual([rows(1, 3), ...Array(6).fill(rows(4, 6))])
    expect(bank.received[2].at - bank.received[1].at).toBeGreaterThan(990)
    expect(stderr).toBe('vigil send: answer 503; trying again\n')
  })

  it('counts what the service knew already as duplicates', async () => {
    bank.answer = (request, number) => {
      if (number > 0) return false
      // It takes the rows, and its answer is lost.
      bank.taken.push(...request.lines)
      request.response.destroy()
      return true
    }
    const { stdout } = await send(write('a.jsonl', text(rows(1, 4))))
    expect(JSON.parse(stdout)).toMatchObject({ rows: 4, accepted: 0, duplicates: 4, retries: 1 })
  })

  it('gives up on a batch in the end, with the reason', async () => {
    await bank.stop()
    const { code, stderr, stdout } = await send(write('a.jsonl', text(rows(1, 4))), '--give-up-after', '300ms')
    expect(code).toBe(1)
    expect(stderr).toMatch(/ECONNREFUSED.*; trying again\nvigil send: given up after 300ms: .*ECONNREFUSED.*\n$/)
    expect(JSON.parse(stdout)).toMatchObject({ rows: 0, accepted: 0 })
  })

  it('leaves out the rows that are rejected, tells them, and sends the others', async () => {
    bank.answer = ({ response, lines }, number) => {
      if (number === 0)
        return respond(
          response,
          422,
          eventErrors([1, 'bad-value', '/merchant/id'], [1, 'other', ''], [3, 'bad-json', '']),
        )
      return lines.length === 3 ? respond(response, 409, eventErrors([0, 'id-conflict', '/id'])) : false
    }
    const { code, stdout } = await send(write('a.jsonl', text(rows(1, 5))), '--rejected', path('bad.jsonl'))
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ rows: 5, accepted: 2, rejected: 3, retries: 0 })
    expect(bank.taken).toEqual([...rows(3, 3), ...rows(5, 5)])
    expect(
      readFileSync(path('bad.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { row: 1, reason: 'id-conflict', field: 'id', message: 'detail of id-conflict' },
      { row: 2, reason: 'bad-value', field: 'merchant.id', message: 'detail of bad-value' },
      { row: 4, reason: 'bad-json', message: 'detail of bad-json' },
    ])
  })

  it('shows the first rejected rows where no file is given, and does not send one that is too large', async () => {
    bank.answer = ({ response, lines }) =>
      respond(response, 422, eventErrors(...lines.map((_, i) => [i, 'bad-value', '/amount'] as const)))
    const large = `{"id":"${'x'.repeat(70_000)}"}`
    const { code, stderr } = await send(write('a.jsonl', text([large, ...rows(1, 30)])))
    expect(code).toBe(1)
    const lines = stderr.trimEnd().split('\n')
    expect(JSON.parse(lines[0])).toMatchObject({ row: 1, reason: 'too-large' })
    expect(JSON.parse(lines[19])).toMatchObject({ row: 20, reason: 'bad-value' })
    expect(lines.slice(20)).toEqual(['more rows are rejected; --rejected FILE keeps all of them'])
  })

  it('ends at an answer that no repetition helps', async () => {
    bank.answer = ({ response }) => respond(response, 401, { title: 'A valid key is needed' })
    const { code, stderr } = await send(write('a.jsonl', text(rows(1, 2))))
    expect({ code, stderr, requests: bank.received.length }).toEqual({
      ...{ code: 1, requests: 1 },
      stderr: 'vigil send: answer 401: A valid key is needed; give a key: --token or VIGIL_TOKEN\n',
    })
  })

  it('sends the key as a flag or from the environment', async () => {
    const file = write('a.jsonl', text(rows(1, 1)))
    await start(['--to', to, file], { VIGIL_TOKEN: 'vk_1' }).ended()
    await start(['--to', to, file, '--token', 'vk_2'], { VIGIL_TOKEN: 'vk_1' }).ended()
    expect(bank.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer vk_1', 'Bearer vk_2'])
  })

  it('uses several connections at once where it may', async () => {
    bank.answer = async () => {
      // Nobody is answered before four have come, or all.
      await bank.requests(4)
      return false
    }
    const { code } = await send(write('a.jsonl', text(rows(1, 80))), '--batch', '10', '--connections', '4')
    expect({ code, openMax: bank.openMax, connections: bank.connections }).toEqual({
      ...{ code: 0, openMax: 4, connections: 4 },
    })
    expect([...bank.taken].sort()).toEqual([...rows(1, 80)].sort())
  })

  it('takes its time where a rate is given', async () => {
    const { code, stdout } = await send(write('a.jsonl', text(rows(1, 60))), '--batch', '10', '--rate', '100')
    expect({ code, taken: bank.taken.length }).toEqual({ code: 0, taken: 60 })
    // The last ten are due half a second after the start.
    expect(JSON.parse(stdout).seconds).toBeGreaterThan(0.49)
  })
})

describe('a run that goes on', () => {
  it('sends what the former one had no answer for, and adds to the rejected rows', async () => {
    const file = write('a.jsonl', text(rows(1, 50)))
    const flags = ['--batch', '10', '--resume', path('state'), '--rejected', path('bad.jsonl')]
    bank.answer = ({ response }, number) => {
      if (number === 0) return respond(response, 422, eventErrors([0, 'bad-value', '/amount']))
      return number === 4 && respond(response, 401, {})
    }
    expect(await send(file, ...flags)).toMatchObject({ code: 1, stderr: expect.stringContaining('goes on from here') })
    expect(resumed('state')).toEqual({ rows: 30, crc32: expect.any(Number) })
    bank.answer = ({ response, lines }) =>
      lines.length === 10 &&
      lines[0] === rows(41, 41)[0] &&
      respond(response, 422, eventErrors([0, 'bad-value', '/amount']))
    const second = await send(file, ...flags)
    expect(second).toMatchObject({ code: 1, stderr: 'vigil send: going on behind row 30\n' })
    expect(JSON.parse(second.stdout)).toMatchObject({ rows: 20, accepted: 19, rejected: 1 })
    expect(bank.taken).toEqual(rows(1, 50).filter((_, i) => i !== 0 && i !== 40))
    const bad = readFileSync(path('bad.jsonl'), 'utf8').trimEnd().split('\n')
    expect(bad.map((line) => JSON.parse(line).row)).toEqual([1, 41])
    expect(JSON.parse((await send(file, ...flags)).stdout)).toMatchObject({ rows: 0 })
  })

  it('goes on in a longer file, whatever the size of its batches, and refuses another one', async () => {
    await send(write('a.jsonl', text(rows(1, 25))), '--batch', '7', '--resume', path('state'))
    expect(await send(write('a.jsonl', text(rows(1, 30))), '--resume', path('state'))).toMatchObject({ code: 0 })
    expect(bank.taken).toEqual(rows(1, 30))
    const requests = bank.received.length
    for (const other of [rows(2, 40), rows(1, 29)])
      expect(await send(write('b.jsonl', text(other)), '--resume', path('state'))).toMatchObject({
        ...{ code: 2, stderr: expect.stringContaining('this input does not begin with them') },
      })
    expect(bank.received.length).toBe(requests)
    write('state', '{"rows":-1}')
    expect(await send(path('a.jsonl'), '--resume', path('state'))).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('is not what vigil send --resume writes') },
    })
  })

  it('never counts rows behind one that has no answer, with several connections', async () => {
    bank.answer = async ({ lines, response }) =>
      lines[0] === rows(1, 1)[0] && (await bank.requests(8).then(() => respond(response, 401, {})))
    const file = write('a.jsonl', text(rows(1, 100)))
    const { code, stdout } = await send(file, '--batch', '10', '--connections', '2', '--resume', path('state'))
    expect(code).toBe(1)
    expect(JSON.parse(stdout).rows).toBeGreaterThan(0)
    expect(resumed('state')).toEqual({ rows: 0, crc32: 0 })
  })

  it('loses nothing where the first was killed with -9', async () => {
    const file = write('a.jsonl', text(rows(1, 300)))
    const flags = ['--batch', '1', '--resume', path('state')]
    const first = start(['--to', to, file, ...flags])
    await bank.requests(120)
    first.child.kill('SIGKILL')
    await first.ended()
    expect(await send(file, ...flags)).toMatchObject({ code: 0 })
    expect(bank.taken).toEqual(rows(1, 300))
  })
})

describe('Ctrl-C', () => {
  it('waits for the answers under way, writes where it stopped, and exits with 130', async () => {
    const file = write('a.jsonl', text(rows(1, 50)))
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    bank.answer = async (_, number) => {
      if (number === 1) await released
      return false
    }
    const sending = start(['--to', to, file, '--batch', '10', '--resume', path('state')])
    await bank.requests(2)
    sending.child.kill('SIGINT')
    const told = new Promise<void>((resolve) => sending.child.stderr?.once('data', () => resolve()))
    await told
    release()
    const { code, stdout, stderr } = await sending.ended()
    expect({ code, requests: bank.received.length }).toEqual({ code: 130, requests: 2 })
    expect(stderr).toMatch(/^vigil send: stopping/)
    expect(JSON.parse(stdout)).toMatchObject({ rows: 20, accepted: 20 })
    expect(resumed('state').rows).toBe(20)
  })

  it('does not wait for a service that is away, nor for a pipe', async () => {
    bank.answer = ({ response }) => respond(response, 503, {}, { 'retry-after': '600' })
    const sending = start(['--to', to, '-', '--resume', path('state')])
    sending.child.stdin?.write(text(rows(1, 3)))
    const told = new Promise<void>((resolve) => sending.child.stderr?.once('data', () => resolve()))
    await told
    sending.child.kill('SIGTERM')
    expect(await sending.ended()).toMatchObject({ code: 143 })
    expect(resumed('state').rows).toBe(0)
  })

  it('ends at once where it is told again', async () => {
    bank.answer = () => true
    const sending = start(['--to', to, write('a.jsonl', text(rows(1, 3)))])
    await bank.requests(1)
    // As an impatient person does: one that comes right behind the first counts as the same.
    const again = setInterval(() => sending.child.kill('SIGINT'), 50)
    expect(await sending.ended()).toMatchObject({ code: 130, stdout: '' })
    clearInterval(again)
  })
})

describe('what cannot be sent', () => {
  it.each<readonly [string, readonly string[], RegExp]>([
    ['without an address', ['a.jsonl'], /--to URL is missing/],
    ['without a file', ['--to', 'http://127.0.0.1:1'], /FILE is missing/],
    ['to something else', ['--to', '127.0.0.1:8080', 'a.jsonl'], /--to is the address of a service/],
    ['with a password in the address', ['--to', 'http://a:b@127.0.0.1', 'a.jsonl'], /without user/],
    ['an absent file', ['--to', 'http://127.0.0.1:1', 'nowhere.jsonl'], /nowhere\.jsonl: does not exist/],
    ['CSV', ['--to', 'http://127.0.0.1:1', 'a.csv'], /a\.csv: csv: this version sends JSON lines/],
    ['through a map', ['--to', 'http://127.0.0.1:1', 'a.jsonl', '--map', 'm'], /--map: this version sends JSON lines/],
    ['a name without a format', ['--to', 'http://127.0.0.1:1', 'a.txt'], /does not tell the format/],
    ['a rate of nothing', ['--to', 'http://127.0.0.1:1', 'a.jsonl', '--rate', '0'], /--rate is a whole number/],
    ['a batch too large', ['--to', 'http://127.0.0.1:1', 'a.jsonl', '--batch', '5001'], /--batch is a whole number/],
    [
      'an unknown flag',
      ['--to', 'http://127.0.0.1:1', 'a.jsonl', '--rates', '1'],
      /unknown flag --rates; did you mean --rate/,
    ],
    ['a key with spaces', ['--to', 'http://127.0.0.1:1', 'a.jsonl', '--token', 'a b'], /the token .* has spaces/],
    ['stdin twice', ['--to', 'http://127.0.0.1:1', '-', '-'], /once only/],
  ])('%s', async (_, args, said) => {
    await expect(sendCommand.run(args)).rejects.toThrow(said)
  })

  it('ends with 2', async () => {
    expect(await send(path('nowhere.jsonl'))).toMatchObject({ code: 2, stdout: '' })
  })
})
