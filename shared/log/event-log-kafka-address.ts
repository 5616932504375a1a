import { readFileSync } from 'node:fs'
import { LogRefused } from './sqlite-log-failure.ts'

/** Which log on which brokers; made once from its URL. */
export interface KafkaAddress {
  readonly brokers: string[]
  readonly connection: KafkaConnection
  /** The topic is the log. */
  readonly topic: string
  /** undefined: one, for a topic that is made; any, for one that is there. */
  readonly replicas: number | undefined
  /** For people: without credentials. */
  readonly where: string
}

export interface KafkaConnection {
  /** Where it is encrypted. */
  readonly tls?: KafkaTls
  readonly sasl?: KafkaLogin
}

/** What files hold, in PEM. */
interface KafkaTls {
  /** undefined: the authorities that this machine trusts. */
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
}

interface KafkaLogin {
  readonly mechanism: (typeof mechanisms)[number]
  readonly username: string
  readonly password: string
}

/**
 * @param url `kafka://user:password@host:9092,host:9092/?topic=vigil&replicas=3`; `sasl` names the mechanism where there is a user, `tls=true` asks for
 *            encryption, `ca` names the file of the authority's certificate, `cert` and `key` those of a client that shows its own.
 *            Throws LogRefused, which says what is wrong.
 */
export function kafkaAddress(url: string): KafkaAddress {
  const [, credentials, hosts = '', query = ''] = urlForm.exec(url) ?? refuse(rightForm)
  const where = `kafka://${hosts}`
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys())
    if (!parameterNames.includes(name)) refuse(`${where}: there is no parameter ${name}; ${rightForm}`)
  const topic = parameters.get('topic') ?? 'vigil'
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(topic))
    refuse(`${where}: a topic has a name of at most 200 letters, digits, ., - and _`)
  const replicas = parameters.get('replicas')
  if (replicas !== null && !/^[1-9]$/.test(replicas)) refuse(`${where}: replicas is a number from 1 to 9`)
  if (!['true', 'false', null].includes(parameters.get('tls'))) refuse(`${where}: tls is true or false`)
  return {
    brokers: hosts.split(',').map((host) => (/:\d+$/.test(host) ? host : `${host}:${usualPort}`)),
    connection: { ...tlsOf(parameters, where), ...saslOf(credentials, parameters, where) },
    topic,
    replicas: replicas === null ? undefined : Number(replicas),
    where,
  }
}

/** No @ behind the hosts: a password with a question mark that is not written %3F would be shown as a host. */
const urlForm = /^kafka:\/\/(?:([^@/?]*)@)?([^@/?]+)\/?(?:\?([^@]*))?$/
const rightForm =
  'the URL of a log on Kafka must have the form kafka://user:password@host:9092,host:9092/?topic=vigil&replicas=3, where sasl, tls, ca, cert and key may say more'
const parameterNames: readonly string[] = ['topic', 'replicas', 'sasl', 'tls', 'ca', 'cert', 'key']
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const
const usualPort = 9092

function tlsOf(parameters: URLSearchParams, where: string): Pick<KafkaConnection, 'tls'> {
  const files = ['ca', 'cert', 'key'].flatMap((name) => {
    const path = parameters.get(name)
    return path === null ? [] : [[name, contentOf(name, path)] as const]
  })
  if (parameters.has('cert') !== parameters.has('key')) refuse(`${where}: cert and key go together`)
  if (files.length === 0) return parameters.get('tls') === 'true' ? { tls: {} } : {}
  if (parameters.get('tls') === 'false')
    refuse(`${where}: tls=false, and ${files[0][0]} is for an encrypted connection`)
  return { tls: Object.fromEntries(files) }
}

function contentOf(name: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    return refuse(`${name}: ${(error as Error).message}`)
  }
}

function saslOf(
  credentials: string | undefined,
  parameters: URLSearchParams,
  where: string,
): Pick<KafkaConnection, 'sasl'> {
  if (credentials === undefined || credentials === '') {
    if (parameters.has('sasl')) refuse(`${where}: sasl needs a user: kafka://user:password@host:9092`)
    return {}
  }
  const [username, ...password] = credentials.split(':').map(decoded)
  const name = parameters.get('sasl') ?? 'SCRAM-SHA-512'
  const mechanism =
    mechanisms.find((known) => known === name) ?? refuse(`${where}: sasl is one of ${mechanisms.join(', ')}`)
  return { sasl: { mechanism, username, password: password.join(':') } }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // Not the part itself: it may be the password.
    return refuse('the user or password in the URL has a % that is not followed by two hexadecimal digits; write %25')
  }
}

function refuse(reason: string): never {
  throw new LogRefused(reason)
}
