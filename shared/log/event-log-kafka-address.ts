import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from '@platformatic/kafka'
import { LogRefused } from './sqlite-log-failure.ts'

/** Which log on which brokers; made once from its URL. */
export interface KafkaAddress {
  readonly brokers: string[]
  readonly connection: Pick<ConnectionOptions, 'tls' | 'sasl'>
  /** The topic is the log. */
  readonly topic: string
  /** Of a topic that is made. */
  readonly replicas: number
  /** For people: without credentials. */
  readonly where: string
}

/**
 * @param url `kafka://user:password@host:9092,host:9092/?topic=vigil&replicas=3`; `sasl` names the mechanism where there is a user, `tls=true` asks for
 *            encryption, `ca` names the file of the authority's certificate. Throws LogRefused, which says what is wrong.
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
  const replicas = parameters.get('replicas') ?? '1'
  if (!/^[1-9]$/.test(replicas)) refuse(`${where}: replicas is a number from 1 to 9`)
  if (!['true', 'false', null].includes(parameters.get('tls'))) refuse(`${where}: tls is true or false`)
  const connection = { ...tlsOf(parameters), ...saslOf(credentials, parameters, where) }
  return { brokers: hosts.split(','), connection, topic, replicas: Number(replicas), where }
}

/** No @ behind the hosts: a password with a question mark that is not written %3F would be shown as a host. */
const urlForm = /^kafka:\/\/(?:([^@/?]*)@)?([^@/?]+)\/?(?:\?([^@]*))?$/
const rightForm =
  'the URL of a log on Kafka must have the form kafka://user:password@host:9092,host:9092/?topic=vigil&replicas=3, where sasl, tls and ca may say more'
const parameterNames: readonly string[] = ['topic', 'replicas', 'sasl', 'tls', 'ca']
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

function tlsOf(parameters: URLSearchParams): Pick<ConnectionOptions, 'tls'> {
  const file = parameters.get('ca')
  if (file === null) return parameters.get('tls') === 'true' ? { tls: {} } : {}
  try {
    return { tls: { ca: readFileSync(file) } }
  } catch (error) {
    return refuse(`ca: ${(error as Error).message}`)
  }
}

function saslOf(
  credentials: string | undefined,
  parameters: URLSearchParams,
  where: string,
): Pick<ConnectionOptions, 'sasl'> {
  if (credentials === undefined || credentials === '') return {}
  const [username, ...password] = credentials.split(':').map(decodeURIComponent)
  const name = parameters.get('sasl') ?? 'SCRAM-SHA-512'
  const mechanism =
    mechanisms.find((known) => known === name) ?? refuse(`${where}: sasl is one of ${mechanisms.join(', ')}`)
  return { sasl: { mechanism, username, password: password.join(':') } }
}

function refuse(reason: string): never {
  throw new LogRefused(reason)
}
