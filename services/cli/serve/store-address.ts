import { nearest } from '#shared/rule-language/diagnostic'
import { Unfit } from './setting.ts'

/** Where something is kept. */
interface StorePlace<Embedded extends string> {
  /** What is kept there, as a sentence names it. */
  readonly what: string
  /** The one that this version runs. Its files lie in the data folder, so that the folder's lock covers them. */
  readonly embedded: Embedded
  /** Known, and for a later version. */
  readonly later: readonly string[]
}

export const logPlace: StorePlace<'sqlite:'> = { what: 'the log', embedded: 'sqlite:', later: ['nats://', 'kafka://'] }
export const checkpointPlace: StorePlace<'sqlite:'> = { what: 'checkpoints', embedded: 'sqlite:', later: ['redis://'] }
export const alertPlace: StorePlace<'pglite:'> = { what: 'alerts', embedded: 'pglite:', later: ['postgres://'] }
const places: readonly StorePlace<string>[] = [logPlace, checkpointPlace, alertPlace]

/** Reads the URL of a place. */
export function readStoreAddress<E extends string>(place: StorePlace<E>, text: string): E | Unfit {
  const { what, embedded, later } = place
  if (text === embedded) return embedded
  const remedy = `write ${embedded} or leave it out`
  const scheme = /^[a-z][a-z0-9+.-]*:(?:\/\/)?/i.exec(text)?.[0].toLowerCase()
  if (scheme === embedded || scheme === `${embedded}//`)
    return new Unfit('the files of an embedded store lie in the data folder, so nothing follows the colon', remedy)
  if (scheme !== undefined && later.includes(scheme))
    return new Unfit(`${scheme} is not supported by this version`, remedy)
  const other = places.find(({ embedded, later }) => scheme !== undefined && [embedded, ...later].includes(scheme))
  if (other !== undefined) return new Unfit(`${scheme} is for ${other.what}, not for ${what}`, remedy)
  const near = nearest(scheme ?? `${text}:`, [embedded, ...later])
  return new Unfit(
    `not a URL for ${what}${near === undefined ? '' : ` (did you mean ${near}?)`}`,
    `known are ${embedded} and, in a later version, ${later.join(', ')}`,
  )
}
