import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { credsAuthenticator, type NodeConnectionOptions } from '@nats-io/transport-node'
import type { ConnectionOptions } from '@platformatic/kafka'
import { fileProblem } from '#shared/wire/input-failure'
import { accessParameters, type SourceAddress, variablePrefix } from './source-address.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** By parameter: its text, and from where paths in it count. */
export type SourceAccess = ReadonlyMap<string, { readonly text: string; readonly folder: string }>

/**
 * Who we are for a source's broker, and how the connection is secured: parameters of the address, where a variable of the same name goes before.
 * @param folder of the file with the address
 */
export function sourceAccess(
  name: string,
  { kind, access }: SourceAddress,
  folder: string,
  environment: Environment,
): SourceAccess {
  const found = new Map<string, { readonly text: string; readonly folder: string }>()
  for (const parameter of accessParameters(kind)) {
    const set = environment[`${variablePrefix(name)}${parameter.toUpperCase()}`]
    const written = access.get(parameter)
    if (set !== undefined && set !== '') found.set(parameter, { text: set, folder: '.' })
    else if (written !== undefined) found.set(parameter, { text: written, folder })
  }
  return found
}

/** For Kafka. Throws AccessRefused. */
export function kafkaConnection(name: string, access: SourceAccess): Pick<ConnectionOptions, 'tls' | 'sasl'> {
  const tls = tlsFiles(access)
  const secured =
    tls === undefined
      ? {}
      : { tls: Object.fromEntries(Object.entries(tls).map(([key, path]) => [key, contentOf(path)])) }
  const username = access.get('user')?.text
  const password = access.get('password')?.text
  const sasl = access.get('sasl')?.text
  if (username === undefined && password === undefined) {
    if (sasl !== undefined)
      refuse('"sasl" is given, and no user', `set ${variablePrefix(name)}USER and ${variablePrefix(name)}PASSWORD`)
    return secured
  }
  if (username === undefined || password === undefined) refuseHalf(name)
  const mechanism = mechanisms.find((known) => known === (sasl ?? 'SCRAM-SHA-512'))
  if (mechanism === undefined)
    refuse(`"sasl" is no way to log in that is known`, `write one of ${mechanisms.join(', ')}`)
  return { ...secured, sasl: { mechanism, username, password } }
}

/** For NATS. Throws AccessRefused. */
export function natsConnection(name: string, access: SourceAccess): NodeConnectionOptions {
  const tls = tlsFiles(access)
  const secured =
    tls === undefined
      ? {}
      : { tls: Object.fromEntries(Object.entries(tls).map(([key, path]) => [`${key}File`, readable(path)])) }
  const user = access.get('user')?.text
  const pass = access.get('password')?.text
  const token = access.get('token')?.text
  const creds = pathOf(access, 'creds')
  const ways = [user ?? pass, token, creds].filter((way) => way !== undefined).length
  if (ways > 1)
    refuse('more than one way to log in is given', 'keep one: user and password, a token, or a file of credentials')
  if ((user === undefined) !== (pass === undefined)) refuseHalf(name)
  return {
    ...secured,
    ...(user === undefined || pass === undefined ? {} : { user, pass }),
    ...(token === undefined ? {} : { token }),
    ...(creds === undefined ? {} : { authenticator: credsAuthenticator(contentOf(creds)) }),
  }
}

/** A source cannot be reached like that, whatever the broker says. No secret stands in it. */
export class AccessRefused extends Error {
  override readonly name = 'AccessRefused'
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

/** @returns undefined: the connection is not encrypted */
function tlsFiles(
  access: SourceAccess,
): { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined {
  const tls = access.get('tls')?.text
  if (tls !== undefined && tls !== 'true' && tls !== 'false')
    refuse('"tls" is neither true nor false', 'write tls=true')
  const [ca, cert, key] = ['ca', 'cert', 'key'].map((parameter) => pathOf(access, parameter))
  const isNamed = ca !== undefined || cert !== undefined || key !== undefined
  if (isNamed && tls === 'false') refuse('tls is false, and files for it are named', 'take one of the two out')
  if ((cert === undefined) !== (key === undefined)) refuse('of "cert" and "key" one is missing', 'give both, or none')
  if (!isNamed && tls !== 'true') return undefined
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

function pathOf(access: SourceAccess, parameter: string): string | undefined {
  const given = access.get(parameter)
  return given && resolve(given.folder, given.text)
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    refuse(fileProblem(path, error), 'give the path of a file that this service may read')
  }
}

/** For a client that reads the file itself, each time it connects. */
function readable(path: string): string {
  contentOf(path)
  return path
}

function refuseHalf(name: string): never {
  refuse('of user and password one is missing', `set ${variablePrefix(name)}USER and ${variablePrefix(name)}PASSWORD`)
}

function refuse(message: string, hint: string): never {
  throw new AccessRefused(message, hint)
}
