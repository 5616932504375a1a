import { AwsClient } from 'aws4fetch'
import { type SnapshotPlace, SnapshotPlaceUnavailable } from './snapshot-place.ts'

/** Which objects of which service; made once from its URL. */
export interface S3Address {
  /** Of the objects, ends with `/`. */
  readonly base: URL
  /** Of the bucket, for lists. */
  readonly bucket: URL
  /** Before all keys; '' or ends with `/`. */
  readonly prefix: string
  readonly region: string
  /** For people. */
  readonly where: string
}

/**
 * @param url `s3://bucket/prefix?endpoint=https://host&region=eu-central-1`. Without an endpoint it is that of Amazon; without a region that of
 *            AWS_REGION, else us-east-1. Throws an Error that says what is wrong.
 */
export function s3Address(url: string, environment: Readonly<Record<string, string | undefined>>): S3Address {
  const [, name = '', path = '', query = ''] =
    /^s3:\/\/([^/?#@]+)(?:\/([^?#]*))?(?:\?(.*))?$/.exec(url) ?? refuse(rightForm)
  const parameters = new URLSearchParams(query)
  for (const parameter of parameters.keys())
    if (!['endpoint', 'region'].includes(parameter)) refuse(`there is no parameter ${parameter}; ${rightForm}`)
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name))
    refuse('a bucket has a name of 3 to 63 small letters, digits, - and .')
  const prefix = path.split('/').filter((word) => word !== '')
  if (!prefix.every((word) => /^[\w.-]+$/.test(word) && !/^\.+$/.test(word)))
    refuse('the prefix may have letters, digits, _, - and .')
  const region = parameters.get('region') ?? environment['AWS_REGION'] ?? 'us-east-1'
  const given = parameters.get('endpoint') ?? undefined
  if (given !== undefined && !(URL.canParse(given) && /^https?:\/\/[^/?#@]+\/?$/.test(given)))
    refuse('the endpoint must have the form https://host:port')
  const bucket = new URL(
    given === undefined ? `https://${name}.s3.${region}.amazonaws.com/` : `${new URL(given).origin}/${name}/`,
  )
  const begin = prefix.map((word) => `${word}/`).join('')
  return { base: new URL(begin, bucket), bucket, prefix: begin, region, where: `s3://${name}/${begin}` }
}

/**
 * Snapshots as objects of a service that speaks the protocol of S3. Requests are signed with the credentials of AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY and, where there is one, AWS_SESSION_TOKEN.
 */
export class S3SnapshotPlace implements SnapshotPlace {
  readonly where: string
  readonly #address: S3Address
  readonly #client: AwsClient

  /** Throws an Error where there are no credentials. */
  constructor(address: S3Address, environment: Readonly<Record<string, string | undefined>>) {
    const accessKeyId = environment['AWS_ACCESS_KEY_ID'] ?? ''
    const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY'] ?? ''
    const sessionToken = environment['AWS_SESSION_TOKEN']
    if (accessKeyId === '' || secretAccessKey === '')
      throw new Error('set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: snapshots in S3 need them')
    this.#address = address
    this.where = address.where
    this.#client = new AwsClient({
      accessKeyId,
      secretAccessKey,
      ...(sessionToken ? { sessionToken } : {}),
      service: 's3',
      region: address.region,
      retries: 2,
    })
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#ask('PUT', new URL(key, this.#address.base), bytes)
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const answer = await this.#ask('GET', new URL(key, this.#address.base))
    return answer.status === 404 ? undefined : answer.bytes
  }

  async list(prefix: string): Promise<readonly string[]> {
    const { bucket, prefix: begin } = this.#address
    const keys: string[] = []
    let token: string | undefined
    do {
      const url = new URL(bucket)
      url.searchParams.set('list-type', '2')
      url.searchParams.set('prefix', begin + prefix)
      if (token !== undefined) url.searchParams.set('continuation-token', token)
      const text = Buffer.from((await this.#ask('GET', url)).bytes).toString()
      for (const [, key] of text.matchAll(/<Key>([^<]*)<\/Key>/g)) keys.push(plain(key).slice(begin.length))
      token = /<IsTruncated>true</.test(text) ? /<NextContinuationToken>([^<]*)</.exec(text)?.[1] : undefined
      if (token !== undefined) token = plain(token)
    } while (token !== undefined)
    return keys
  }

  async remove(key: string): Promise<void> {
    await this.#ask('DELETE', new URL(key, this.#address.base))
  }

  /** Rejects with SnapshotPlaceUnavailable, but for an object that is not there. */
  async #ask(
    method: string,
    url: URL,
    body?: Uint8Array,
  ): Promise<{ readonly status: number; readonly bytes: Uint8Array }> {
    try {
      const answer = await this.#client.fetch(url.href, {
        method,
        ...(body === undefined ? {} : { body: Buffer.from(body.buffer, body.byteOffset, body.length) }),
        signal: AbortSignal.timeout(askMsMax),
      })
      const bytes = new Uint8Array(await answer.arrayBuffer())
      if (answer.ok || (answer.status === 404 && method !== 'PUT' && url.search === ''))
        return { status: answer.status, bytes }
      const code = /<Code>([^<]*)</.exec(Buffer.from(bytes).toString())?.[1] ?? ''
      throw new Error(`it answered ${answer.status} ${code}`)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const detail = `${method} in ${this.where} failed: ${why}; check endpoint, bucket and credentials`
      throw new SnapshotPlaceUnavailable(detail, { cause: error })
    }
  }
}

/** As text of XML stands for it. */
const plain = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')

const rightForm = 'write s3://bucket/prefix?endpoint=https://host&region=name'

function refuse(why: string): never {
  throw new Error(why)
}

/** A chunk over a slow line. */
const askMsMax = 60_000
