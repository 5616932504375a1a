import * as Redacted from 'effect/Redacted'
import { kafkaAddress } from '#shared/log/event-log-kafka-address'
import { natsAddress } from '#shared/log/event-log-nats-address'
import { nearest } from '#shared/rule-language/diagnostic'
import { sinkAt } from '../../sinks/sink-address.ts'
import { Unfit } from './setting.ts'

/** Where something is kept. */
interface StorePlace<Embedded extends string> {
  /** What is kept there, as a sentence names it. */
  readonly what: string
  /** In the data folder, so that the folder's lock covers it. */
  readonly embedded: Embedded
  /** How the URLs of servers begin, and what reads them: throws an error that says what is wrong. */
  readonly servers: Readonly<Record<string, (url: string) => void>>
}

export const logPlace: StorePlace<'sqlite:'> = {
  what: 'the log',
  embedded: 'sqlite:',
  servers: { 'nats://': natsAddress, 'tls://': natsAddress, 'kafka://': kafkaAddress },
}
export const checkpointPlace: StorePlace<'sqlite:'> = {
  what: 'checkpoints',
  embedded: 'sqlite:',
  servers: { 'redis://': parsed, 'rediss://': parsed },
}
export const alertPlace: StorePlace<'pglite:'> = {
  what: 'alerts',
  embedded: 'pglite:',
  servers: { 'postgres://': parsed, 'postgresql://': parsed },
}
const places: readonly StorePlace<string>[] = [logPlace, checkpointPlace, alertPlace]

const namesOf = ({ embedded, servers }: StorePlace<string>): readonly string[] => [embedded, ...Object.keys(servers)]

function parsed(url: string): void {
  if (!URL.canParse(url)) throw new Error('not a URL')
}

/** Reads the URL of a place: the embedded one, or a server's, which may hold a password. */
export function readStoreAddress(place: StorePlace<string>, text: string): Redacted.Redacted<string> | Unfit {
  const mistake = mistakeIn(place, text)
  return mistake ?? Redacted.make(text, { label: 'url' })
}

/** Reads the URL of a topic or subject that alerts or decisions are sent to; it may hold a password. */
export function readSinkAddress(text: string): Redacted.Redacted<string> | Unfit {
  try {
    sinkAt(text)
    return Redacted.make(text, { label: 'url' })
  } catch (error) {
    const remedy = 'write kafka://HOST:PORT/TOPIC, nats://HOST:PORT/SUBJECT, or leave it out'
    return new Unfit(error instanceof Error ? error.message : String(error), remedy)
  }
}

function mistakeIn(place: StorePlace<string>, text: string): Unfit | undefined {
  const { what, embedded, servers } = place
  if (text === embedded) return undefined
  const remedy = `write ${[embedded, ...Object.keys(servers).map((server) => `${server}HOST:PORT`)].join(', ')}, or leave it out`
  const scheme = /^[a-z][a-z0-9+.-]*:(?:\/\/)?/i.exec(text)?.[0].toLowerCase()
  if (scheme === embedded || scheme === `${embedded}//`)
    return new Unfit('the files of an embedded store lie in the data folder, so nothing follows the colon', remedy)
  if (scheme !== undefined && scheme in servers)
    try {
      servers[scheme](text)
      return undefined
    } catch (error) {
      return new Unfit(error instanceof Error ? error.message : String(error), remedy)
    }
  const other = places.find((one) => scheme !== undefined && namesOf(one).includes(scheme))
  if (other !== undefined) return new Unfit(`${scheme} is for ${other.what}, not for ${what}`, remedy)
  const near = nearest(scheme ?? `${text}:`, namesOf(place))
  return new Unfit(
    `not a URL for ${what}${near === undefined ? '' : ` (did you mean ${near}?)`}`,
    `known are ${namesOf(place).join(', ')}`,
  )
}
