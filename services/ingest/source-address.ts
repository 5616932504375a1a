import { nearest } from '#shared/rule-language/diagnostic'

/** Which stream of which broker, as `from` has it. */
export type SourceAddress = KafkaPlace | NatsPlace

interface BrokerPlace {
  /** `host:port` */
  readonly hosts: readonly string[]
  /** Where to begin when there is no position yet. */
  readonly from: 'start' | 'end'
  /** Parameters that a variable may give as well. */
  readonly access: ReadonlyMap<string, string>
  /** For people. */
  readonly where: string
}

export interface KafkaPlace extends BrokerPlace {
  readonly kind: 'kafka'
  readonly topic: string
  readonly group: string
}

export interface NatsPlace extends BrokerPlace {
  readonly kind: 'nats'
  readonly stream: string
  /** undefined: all of the stream. */
  readonly subject: string | undefined
  /** Of the consumer. */
  readonly durable: string
}

/** What is wrong with an address; it never shows a password. */
export interface AddressMistake {
  readonly code: 'bad-source' | 'credentials-in-file'
  readonly message: string
  readonly hint: string
}

/** Parameters about TLS and who we are: each may also be a variable `VIGIL_SOURCE_NAME_…`. */
const tlsParameters = ['tls', 'ca', 'cert', 'key'] as const
/** What may be in a variable alone. */
const secretParameters = ['user', 'password', 'token'] as const

const kinds = {
  kafka: { own: ['group', 'from'], access: ['sasl', ...tlsParameters], secrets: ['user', 'password'], port: 9092 },
  nats: { own: ['subject', 'from'], access: ['creds', ...tlsParameters], secrets: [...secretParameters], port: 4222 },
} as const

/** Ends of the variables of a source: `USER` of `VIGIL_SOURCE_CARDS_USER`. */
export const variableEnds: readonly string[] = [
  ...new Set(Object.values(kinds).flatMap(({ access, secrets }) => [...secrets, ...access])),
].map((parameter) => parameter.toUpperCase())

/** Parameters that a source of this kind takes from variables. */
export const accessParameters = (kind: SourceAddress['kind']): readonly string[] => [
  ...kinds[kind].secrets,
  ...kinds[kind].access,
]

/** @param name of the source */
export function readSourceAddress(name: string, text: string): SourceAddress | AddressMistake {
  const kind = /^(kafka|nats):\/\//.exec(text)?.[1] as SourceAddress['kind'] | undefined
  if (kind === undefined) return wrong('"from" is the address of no source', forms)
  if (text.includes('@')) return secret(name, 'a name or a password stands in the address')
  const [, hosts = '', stream = '', query = ''] = /^\w+:\/\/([^/?#]+)\/([^/?#]+)(?:\?([^#]*))?$/.exec(text) ?? []
  if (hosts === '') return wrong('"from" does not name hosts and a stream', forms)
  const parameters = new URLSearchParams(query)
  const { own, access, port } = kinds[kind]
  const known: readonly string[] = [...own, ...access]
  for (const parameter of new Set(parameters.keys())) {
    if (secretParameters.some((one) => one === parameter)) return secret(name, `"${parameter}" stands in the address`)
    if (parameters.getAll(parameter).length > 1) return wrong(`"${parameter}" stands twice in the address`, 'keep one')
    if (known.includes(parameter)) continue
    const near = nearest(parameter, known)
    return wrong(
      `the address of a ${kind} source has no parameter "${parameter}"`,
      near === undefined ? `its parameters are ${known.join(', ')}` : `did you mean "${near}"?`,
    )
  }
  const from = parameters.get('from') ?? 'start'
  if (from !== 'start' && from !== 'end')
    return wrong(`"from" in the address is "${from}"`, 'write from=start or from=end')
  const badHost = hosts.split(',').find((host) => !hostForm.test(host))
  if (badHost !== undefined) return wrong(`"${badHost}" is no host`, `write HOST:${port}, several with commas`)
  const place = {
    hosts: hosts.split(',').map((host) => (/:\d+$/.test(host) ? host : `${host}:${port}`)),
    from,
    access: new Map(access.flatMap((parameter) => pairOf(parameter, parameters.get(parameter)))),
    where: `${kind}://${hosts}/${stream}`,
  } as const
  if (kind === 'kafka') {
    if (!/^[A-Za-z0-9._-]{1,249}$/.test(stream))
      return wrong(`"${stream}" is no topic`, 'a topic has letters, digits, ., - and _; one source reads one topic')
    const group = parameters.get('group') ?? `vigil-${name}`
    if (!/^[\x21-\x7e]{1,255}$/.test(group))
      return wrong('"group" is no name of a group', 'leave it out, or give one word')
    return { kind, ...place, topic: stream, group }
  }
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(stream))
    return wrong(`"${stream}" is no stream`, 'a stream has letters, digits, - and _')
  const subject = parameters.get('subject') ?? undefined
  if (subject !== undefined && !subjectForm.test(subject))
    return wrong(
      `"${subject}" is no subject`,
      'words joined by dots, where * stands for one and > at the end for all further ones',
    )
  return { kind, ...place, stream, subject, durable: `vigil-${name}` }
}

/** `core-banking` → `VIGIL_SOURCE_CORE_BANKING_` */
export const variablePrefix = (name: string): string => `VIGIL_SOURCE_${name.toUpperCase().replaceAll('-', '_')}_`

const forms =
  'write kafka://HOST:9092,HOST:9092/TOPIC or nats://HOST:4222/STREAM, with parameters after a question mark: ?group=NAME&from=start, ?subject=cards.>'

const hostForm = /^(?:\[[\da-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::\d{1,5})?$/
const subjectForm = /^(?:[^\s.*>]+|\*)(?:\.(?:[^\s.*>]+|\*))*(?:\.>)?$|^>$/

const pairOf = (name: string, value: string | null): [string, string][] => (value === null ? [] : [[name, value]])

const wrong = (message: string, hint: string): AddressMistake => ({ code: 'bad-source', message, hint })

const secret = (name: string, message: string): AddressMistake => ({
  code: 'credentials-in-file',
  message: `${message}; this file holds no credentials`,
  hint: `take it out, and set ${variablePrefix(name)}USER and ${variablePrefix(name)}PASSWORD`,
})
