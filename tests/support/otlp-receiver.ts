// A collector of a test's own: takes OTLP as protobuf over HTTP, and keeps the spans.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import protobuf from 'protobufjs'

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  /** '' where it has none. */
  readonly parentId: string
  readonly name: string
  readonly state: string
  /** ms since 1970. */
  readonly start: number
  readonly end: number
  readonly attributes: Readonly<Record<string, string | number>>
  readonly links: readonly Pick<ReceivedSpan, 'traceId' | 'spanId' | 'attributes'>[]
  /** Attributes of the service that sent it. */
  readonly resource: Readonly<Record<string, string | number>>
}

export class OtlpReceiver {
  readonly url: string
  readonly spans: ReceivedSpan[] = []
  /** Paths of requests, in order. */
  readonly requests: string[] = []
  readonly #server: Server
  #isSilent = false

  private constructor(server: Server) {
    this.#server = server
    const { port } = server.address() as AddressInfo
    this.url = `http://127.0.0.1:${port}`
    server.on('request', (request, response) => void this.#take(request, response))
  }

  static async open(): Promise<OtlpReceiver> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new OtlpReceiver(server)
  }

  /** From now on requests are taken and never answered. */
  fallSilent(): void {
    this.#isSilent = true
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request)
    this.requests.push(request.url ?? '')
    if (this.#isSilent) return
    if (request.url === '/v1/traces') this.spans.push(...spansOf(body))
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  }
}

/** As `opentelemetry/proto/trace/v1/trace.proto` has them; fields that no test looks at are passed over. */
const messages = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated ResourceSpans resources = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scopes = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes trace = 1; bytes span = 2; string state = 3; bytes parent = 4; string name = 5;
    fixed64 start = 7; fixed64 end = 8; repeated KeyValue attributes = 9; repeated Link links = 13;
  }
  message Link { bytes trace = 1; bytes span = 2; repeated KeyValue attributes = 4; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { string text = 1; int64 whole = 3; double number = 4; }
`).root

interface KeyValue {
  readonly key: string
  readonly value?: { readonly text?: string; readonly whole?: number; readonly number?: number }
}

interface SpanMessage {
  readonly trace: Buffer
  readonly span: Buffer
  readonly parent: Buffer
  readonly name: string
  readonly state: string
  readonly start: string
  readonly end: string
  readonly attributes: readonly KeyValue[]
  readonly links: readonly Pick<SpanMessage, 'trace' | 'span' | 'attributes'>[]
}

interface RequestMessage {
  readonly resources: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] }
    readonly scopes: readonly { readonly spans: readonly SpanMessage[] }[]
  }[]
}

function spansOf(body: Uint8Array): readonly ReceivedSpan[] {
  const type = messages.lookupType('Request')
  // Whole numbers of 64 bits as text: times in nanoseconds do not fit into a number.
  const options = { longs: String, bytes: Buffer, arrays: true, defaults: true, oneofs: false }
  const { resources } = type.toObject(type.decode(body), options) as RequestMessage
  return resources.flatMap(({ resource, scopes }) =>
    scopes.flatMap(({ spans }) => spans.map((span) => received(span, attributesOf(resource.attributes)))),
  )
}

const received = (span: SpanMessage, resource: ReceivedSpan['resource']): ReceivedSpan => ({
  traceId: span.trace.toString('hex'),
  spanId: span.span.toString('hex'),
  parentId: span.parent.toString('hex'),
  name: span.name,
  state: span.state,
  start: Number(BigInt(span.start) / 1_000_000n),
  end: Number(BigInt(span.end) / 1_000_000n),
  attributes: attributesOf(span.attributes),
  links: span.links.map((link) => ({
    traceId: link.trace.toString('hex'),
    spanId: link.span.toString('hex'),
    attributes: attributesOf(link.attributes),
  })),
  resource,
})

const attributesOf = (pairs: readonly KeyValue[]): Readonly<Record<string, string | number>> =>
  Object.fromEntries(
    pairs.map(({ key, value }) => [key, value?.text || Number(value?.whole) || Number(value?.number) || '']),
  )
