// What the generator of single requests leaves out: the very large, and what is no HTTP.
import type { Random } from '#shared/generator/random'

/** The parts of a request that is as large as may be, or larger. @param event JSON of a known one */
export function huge(random: Random, event: string): readonly Buffer[] {
  const million = 1_000_000
  switch (random.integer(0, 6)) {
    case 0:
      return [withBody(`[${Array.from({ length: 5_000 }, () => event).join()}]`)]
    case 1:
      return [withBody(`${' '.repeat(4 * million)}${event}`)]
    case 2:
      return [withBody('['.repeat(2 * million))]
    case 3:
      return [withBody(Array.from({ length: 5_000 }, () => '{"id":1}').join('\n'), 'application/x-ndjson')]
    case 4:
      return [withBody('x'.repeat(6 * million))]
    case 5: {
      const chunk = Buffer.from(`${(million / 2).toString(16)}\r\n${'y'.repeat(million / 2)}\r\n`)
      return [Buffer.from(`${head('application/json')}transfer-encoding: chunked\r\n\r\n`), ...Array(12).fill(chunk)]
    }
    default: {
      const long = 'z'.repeat(random.integer(10_000, 40_000))
      const inPath = `GET /v1/alerts/${long} HTTP/1.1\r\nhost: vigil\r\nconnection: close\r\n\r\n`
      const inHeader = `GET /readyz HTTP/1.1\r\nhost: vigil\r\nconnection: close\r\ncookie: ${long}\r\n\r\n`
      return [Buffer.from(random.chance(0.5) ? inPath : inHeader)]
    }
  }
}

const head = (type: string): string =>
  `POST /v1/transactions HTTP/1.1\r\nhost: vigil\r\nconnection: close\r\ncontent-type: ${type}\r\n`

const withBody = (body: string, type = 'application/json'): Buffer =>
  Buffer.from(`${head(type)}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)

export const garbage = (random: Random): Buffer => Buffer.from(random.pick(garbageTexts), 'latin1')

const garbageTexts: readonly string[] = [
  '',
  '\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'GET / HTTP/9.9\r\n\r\n',
  'GET /readyz HTTP/1.1\r\n\r\n',
  'GET /v1/alerts HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n',
  'POST /v1/transactions HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /v1/transactions HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n',
  'POST /v1/decisions HTTP/1.1\r\nhost: a\r\nexpect: 200-maybe\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}',
  'POST /v1/decisions HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n',
  'POST /v1/transactions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nfffffffff\r\nx',
  'OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
  'CONNECT vigil:443 HTTP/1.1\r\nhost: a\r\n\r\n',
  'GET /v1/alerts HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  'GET /v1/alerts HTTP/1.1\nhost: a\nconnection: close\n\n',
  `GET /readyz HTTP/1.1\r\nhost: a\r\n${'x: y\r\n'.repeat(3_000)}\r\n`,
  '\0'.repeat(5_000),
]
