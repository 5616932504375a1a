import { basename } from 'node:path'
import { nearest } from '#shared/rule-language/diagnostic'
import { InputRefused } from './input-failure.ts'

export const formats = ['json', 'csv', 'parquet'] as const
export type Format = (typeof formats)[number]

export interface InputFormat {
  readonly format: Format
  readonly isGzip: boolean
}

const endings: Readonly<Record<string, Format>> = { jsonl: 'json', ndjson: 'json', csv: 'csv', parquet: 'parquet' }

/**
 * Tells the format by the name of the file; `given` is for stdin (`-`) and names that tell none, such as `/dev/fd/63`.
 * Throws InputRefused.
 */
export function formatOf(file: string, given: Format | undefined): InputFormat {
  const parts = /\.([^.]*?)(\.gz)?$/i.exec(basename(file))
  const ending = (parts?.[1] ?? '').toLowerCase()
  const isGzip = parts?.[2] !== undefined || ending === 'gz'
  if (file !== '-' && Object.hasOwn(endings, ending)) return { format: endings[ending], isGzip }
  if (given !== undefined) return { format: given, isGzip: file !== '-' && isGzip }
  if (file === '-') throw new InputRefused(`the format of stdin is not known: add --format ${formats.join('|')}`)
  const near = nearest(ending, Object.keys(endings))
  const hint = near === undefined ? '' : ` (did you mean .${near}?)`
  throw new InputRefused(
    `${file}: the name does not tell the format${hint}; known are .jsonl, .csv and .parquet, each also .gz, or add --format ${formats.join('|')}`,
  )
}
