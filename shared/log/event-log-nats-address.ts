import { readFileSync } from 'node:fs'
import { credsAuthenticator, type NodeConnectionOptions } from '@nats-io/transport-node'
import { LogRefused } from './sqlite-log-failure.ts'

/** Which log on which servers; made once from its URL. */
export interface NatsAddress {
  readonly connection: NodeConnectionOptions
  /** Name of the stream, which is the log. */
  readonly stream: string
  /** undefined: one, for a stream that is made; any, for one that is there. */
  readonly replicas: number | undefined
  /** For people: without credentials. */
  readonly where: string
}

/**
 * @param url `nats://user:password@host:4222/?stream=vigil&replicas=3`, with more hosts after commas; `nats://token@host`; `tls://` where the
 *            connection must be encrypted. More parameters, all of them paths of files: `creds` (of a user, as `nsc` writes them), `ca`, `cert`, `key`.
 * Gotcha: an encrypted connection needs names of hosts; for a numeric address the client expects a certificate of `localhost`.
 * Throws LogRefused, which says what is wrong.
 */
export function natsAddress(url: string): NatsAddress {
  const [, scheme = '', credentials, hosts = '', query = ''] = urlForm.exec(url) ?? refuse(rightForm)
  const where = `${scheme}://${hosts}`
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys())
    if (!parameterNames.includes(name)) refuse(`${where}: there is no parameter ${name}; ${rightForm}`)
  const stream = parameters.get('stream') ?? 'vigil'
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(stream))
    refuse(`${where}: a stream has a name of at most 64 letters, digits, - and _`)
  const replicas = parameters.get('replicas')
  if (replicas !== null && !/^[1-5]$/.test(replicas)) refuse(`${where}: replicas is a number from 1 to 5`)
  return {
    connection: { servers: hosts.split(','), ...userOf(credentials), ...filesOf(scheme, parameters) },
    stream,
    replicas: replicas === null ? undefined : Number(replicas),
    where,
  }
}

/** No @ behind the hosts: a password with a question mark that is not written %3F would be shown as a host. */
const urlForm = /^(nats|tls):\/\/(?:([^@/?]*)@)?([^@/?]+)\/?(?:\?([^@]*))?$/
const rightForm =
  'the URL of a log on NATS must have the form nats://user:password@host:4222/?stream=vigil&replicas=3 (or tls://), where creds, ca, cert and key may name files'
const parameterNames: readonly string[] = ['stream', 'replicas', 'creds', 'ca', 'cert', 'key']

function userOf(credentials: string | undefined): NodeConnectionOptions {
  if (credentials === undefined || credentials === '') return {}
  const [user, ...rest] = credentials.split(':')
  // As the tools of NATS have it: a name without a password is a token.
  if (rest.length === 0) return { token: decodeURIComponent(user) }
  return { user: decodeURIComponent(user), pass: decodeURIComponent(rest.join(':')) }
}

function filesOf(scheme: string, parameters: URLSearchParams): NodeConnectionOptions {
  const [creds, caFile, certFile, keyFile] = ['creds', 'ca', 'cert', 'key'].map((name) => parameters.get(name))
  const isEncrypted = scheme === 'tls' || caFile !== null || certFile !== null || keyFile !== null
  return {
    ...(creds === null ? {} : { authenticator: credsAuthenticator(contentOf(creds)) }),
    ...(isEncrypted
      ? {
          tls: {
            ...(caFile === null ? {} : { caFile }),
            ...(certFile === null ? {} : { certFile }),
            ...(keyFile === null ? {} : { keyFile }),
          },
        }
      : {}),
  }
}

function contentOf(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    return refuse(`the credentials cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function refuse(why: string): never {
  throw new LogRefused(why)
}
