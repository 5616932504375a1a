import * as Redacted from 'effect/Redacted'
import { nearest } from '#shared/rule-language/diagnostic'
import { Unfit } from './setting.ts'

/** Where something is kept. */
interface StorePlace<Embedded extends string> {
  /** What is kept there, as a sentence names it. */
  readonly what: string
  /** In the data folder, so that the folder's lock covers it. */
  readonly embedded: Embedded
  /** How the URLs of servers begin. */
  readonly servers: readonly string[]
  /** Known, and for a later version. */
  readonly later: readonly string[]
}

export const logPlace: StorePlace<'sqlite:'> = {
  what: 'the log',
  embedded: 'sqlite:',
  servers: [],
  later: ['nats://', 'kafka://'],
}
export const checkpointPlace: StorePlace<'sqlite:'> = {
  what: 'checkpoints',
  embedded: 'sqlite:',
  servers: ['redis://', 'rediss://'],
  later: [],
}
export const alertPlace: StorePlace<'pglite:'> = {
  what: 'alerts',
  embedded: 'pglite:',
  servers: ['postgres://', 'postgresql://'],
  later: [],
}
const places: readonly StorePlace<string>[] = [logPlace, checkpointPlace, alertPlace]

const namesOf = ({ embedded, servers, later }: StorePlace<string>): readonly string[] => [
  embedded,
  ...servers,
  ...later,
]

/** Reads the URL of a place: the embedded one, or a server's, which may hold a password. */
export function readStoreAddress(place: StorePlace<string>, text: string): Redacted.Redacted<string> | Unfit {
  const mistake = mistakeIn(place, text)
  return mistake ?? Redacted.make(text, { label: 'url' })
}

function mistakeIn(place: StorePlace<string>, text: string): Unfit | undefined {
  const { what, embedded, servers, later } = place
  if (text === embedded) return undefined
  const remedy = `write ${[embedded, ...servers.map((server) => `${server}HOST:PORT`)].join(' or ')}, or leave it out`
  const scheme = /^[a-z][a-z0-9+.-]*:(?:\/\/)?/i.exec(text)?.[0].toLowerCase()
  if (scheme === embedded || scheme === `${embedded}//`)
    return new Unfit('the files of an embedded store lie in the data folder, so nothing follows the colon', remedy)
  if (scheme !== undefined && servers.includes(scheme))
    return URL.canParse(text) ? undefined : new Unfit(`not a URL that begins with ${scheme}`, remedy)
  if (scheme !== undefined && later.includes(scheme))
    return new Unfit(`${scheme} is not supported by this version`, remedy)
  const other = places.find((one) => scheme !== undefined && namesOf(one).includes(scheme))
  if (other !== undefined) return new Unfit(`${scheme} is for ${other.what}, not for ${what}`, remedy)
  const near = nearest(scheme ?? `${text}:`, namesOf(place))
  return new Unfit(
    `not a URL for ${what}${near === undefined ? '' : ` (did you mean ${near}?)`}`,
    `known are ${[embedded, ...servers].join(', ')}${later.length === 0 ? '' : ` and, in a later version, ${later.join(', ')}`}`,
  )
}
