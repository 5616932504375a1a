import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { MemorySnapshotPlace, type SnapshotPlace, SnapshotPlaceUnavailable } from './snapshot-place.ts'
import { FolderSnapshotPlace } from './snapshot-place-folder.ts'
import { S3SnapshotPlace, s3Address } from './snapshot-place-s3.ts'

const credentials = { AWS_ACCESS_KEY_ID: 'someone', AWS_SECRET_ACCESS_KEY: 'a secret' }
const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

/**
 * As much of the protocol of S3 as is needed: PUT, GET, LIST in pages of two, DELETE. It wants the header of a signature with the right key,
 * region and signed headers, and a body that is what its checksum says; it does not compute the signature.
 */
class SmallS3 {
  readonly objects = new Map<string, Buffer>()
  trouble: { readonly status: number; readonly code: string } | undefined
  url = ''
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    open.push(() => this.#server.close())
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const end = (status: number, text: string | Buffer = ''): void => void response.writeHead(status).end(text)
    const signed =
      /^AWS4-HMAC-SHA256 Credential=someone\/\d{8}\/eu-central-1\/s3\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=[0-9a-f]{64}$/
    const [, headers] = signed.exec(request.headers.authorization ?? '') ?? []
    if (headers?.includes('host') !== true || request.headers['x-amz-date'] === undefined)
      return end(403, '<Error><Code>AccessDenied</Code></Error>')
    const sha256 = request.headers['x-amz-content-sha256']
    if (sha256 !== 'UNSIGNED-PAYLOAD' && sha256 !== createHash('sha256').update(body).digest('hex'))
      return end(400, '<Error><Code>XAmzContentSHA256Mismatch</Code></Error>')
    if (this.trouble !== undefined) return end(this.trouble.status, `<Error><Code>${this.trouble.code}</Code></Error>`)
    const url = new URL(request.url ?? '', this.url)
    if (!url.pathname.startsWith('/bucket/')) return end(404, '<Error><Code>NoSuchBucket</Code></Error>')
    const key = decodeURIComponent(url.pathname.slice('/bucket/'.length))
    if (request.method === 'PUT') {
      this.objects.set(key, body)
      return end(200)
    }
    if (request.method === 'DELETE') {
      this.objects.delete(key)
      return end(204)
    }
    if (key !== '') {
      const found = this.objects.get(key)
      return found === undefined ? end(404, '<Error><Code>NoSuchKey</Code></Error>') : end(200, found)
    }
    const after = url.searchParams.get('continuation-token') ?? ''
    const prefix = url.searchParams.get('prefix') ?? ''
    const all = [...this.objects.keys()].filter((each) => each.startsWith(prefix) && each > after).sort()
    const page = all.slice(0, 2)
    const more = all.length > 2 ? `<NextContinuationToken>${page[1]}</NextContinuationToken>` : ''
    const contents = page.map((each) => `<Contents><Key>${each}</Key></Contents>`).join('')
    end(200, `<ListBucketResult>${contents}<IsTruncated>${all.length > 2}</IsTruncated>${more}</ListBucketResult>`)
  }
}

async function smallS3(): Promise<{ readonly server: SmallS3; readonly place: S3SnapshotPlace }> {
  const server = new SmallS3()
  await server.start()
  const address = s3Address(`s3://bucket/vigil/one?endpoint=${server.url}&region=eu-central-1`, {})
  return { server, place: new S3SnapshotPlace(address, credentials) }
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vigil-snapshot-place-'))
  open.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

describe.each<readonly [string, () => Promise<SnapshotPlace>]>([
  ['in memory', async () => new MemorySnapshotPlace()],
  ['in a folder', async () => new FolderSnapshotPlace(join(newFolder(), 'made', 'here'))],
  ['in S3', async () => (await smallS3()).place],
])('a place of snapshots %s', (_, openPlace) => {
  it('gives back, lists, replaces and removes what was put there', async () => {
    const place = await openPlace()
    expect(await place.list('partition-0/')).toEqual([])
    expect(await place.get('partition-0/a/b')).toBeUndefined()
    const large = Buffer.alloc(3_000_000, 7)
    for (const [key, bytes] of [
      ['partition-0/a/b', Buffer.from('first')],
      ['partition-0/a/b', Buffer.from('second')],
      ['partition-0/a/large-000001', large],
      ['partition-0/c/manifest.json', Buffer.from('')],
      ['partition-01/a/b', Buffer.from('other')],
    ] as const)
      await place.put(key, bytes)
    expect([...(await place.list('partition-0/'))].sort()).toEqual([
      'partition-0/a/b',
      'partition-0/a/large-000001',
      'partition-0/c/manifest.json',
    ])
    expect(Buffer.from((await place.get('partition-0/a/b')) ?? []).toString()).toBe('second')
    expect(Buffer.compare((await place.get('partition-0/a/large-000001')) ?? Buffer.of(), large)).toBe(0)
    expect(await place.get('partition-0/c/manifest.json')).toHaveLength(0)
    for (const key of ['partition-0/a/b', 'partition-0/a/b', 'partition-0/a/large-000001']) await place.remove(key)
    expect(await place.list('partition-0/')).toEqual(['partition-0/c/manifest.json'])
    expect(await place.list('partition-01/')).toEqual(['partition-01/a/b'])
  })
})

describe('a folder of snapshots', () => {
  it('leaves no empty folder behind, and says what is wrong with a file in its way', async () => {
    const folder = newFolder()
    const place = new FolderSnapshotPlace(folder)
    await place.put('partition-0/a/b', Buffer.from('x'))
    await place.remove('partition-0/a/b')
    expect(readdirSync(join(folder, 'partition-0'))).toEqual([])
    writeFileSync(join(folder, 'partition-1'), '')
    await expect(place.put('partition-1/a/b', Buffer.from('x'))).rejects.toThrow(SnapshotPlaceUnavailable)
  })
})

describe('snapshots in S3', () => {
  it('lie below the prefix, and a refusal is told with its code', { timeout: 30_000 }, async () => {
    const { server, place } = await smallS3()
    await place.put('partition-0/a/b', Buffer.from('x'))
    expect([...server.objects.keys()]).toEqual(['vigil/one/partition-0/a/b'])
    server.trouble = { status: 403, code: 'SignatureDoesNotMatch' }
    const refused = place.get('partition-0/a/b')
    await expect(refused).rejects.toThrow(/403 SignatureDoesNotMatch; check endpoint, bucket and credentials/)
    await expect(refused).rejects.toThrow(SnapshotPlaceUnavailable)
  })

  it('need credentials, and a URL of the right form', () => {
    expect(() => new S3SnapshotPlace(s3Address('s3://bucket', {}), {})).toThrow('AWS_ACCESS_KEY_ID')
    for (const bad of [
      's3://',
      's3://B',
      's3://bucket?place=x',
      's3://bucket/a b',
      's3://bucket?endpoint=ftp://x',
      's3://bucket/..',
    ])
      expect(() => s3Address(bad, {}), bad).toThrow()
    expect(s3Address('s3://bucket/a', { AWS_REGION: 'eu-west-1' }).base.href).toBe(
      'https://bucket.s3.eu-west-1.amazonaws.com/a/',
    )
  })
})
