import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { EventSchema } from '#shared/domain/event-schema'
import type { BrokerLogPlace } from '#shared/log/broker-log-place'
import type { Diagnostic } from '#shared/rule-language/diagnostic'
import { type Place, Problems } from '#shared/rule-language/source-file'
import { fileProblem } from '#shared/wire/input-failure'
import type { MapDecoder } from '#shared/wire/map-decoder'
import { MapFile } from '#shared/wire/map-file'
import type { OpenableSource } from './ingest.ts'
import { KafkaSource } from './kafka-source.ts'
import { NatsSource } from './nats-source.ts'
import { AccessRefused, kafkaConnection, natsConnection, sourceAccess } from './source-access.ts'
import { readSourceFile, type WrittenSource } from './source-file.ts'
import type { SourcePort } from './source-reader.ts'

export interface LoadedSources {
  /** Those without a mistake. */
  readonly sources: readonly LoadedSource[]
  readonly diagnostics: readonly Diagnostic[]
}

export interface LoadedSource extends OpenableSource {
  /** Reads its MAP anew from its file, which may have been mended. Throws an error that says what is wrong with it. */
  mendedMap(): MapDecoder | undefined
}

interface SourcesInput {
  /** Path and text of the file of `VIGIL_SOURCES`. */
  readonly file: string
  readonly text: string
  readonly schema: EventSchema
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Vigil's own log, which is no source; undefined where it is on no broker, or not known. */
  readonly log: BrokerLogPlace | undefined
}

/** Checks a file of sources in full, with its MAP files and with what the environment says about its sources. No broker is asked. */
export function loadSources({ file, text, schema, environment, log }: SourcesInput): LoadedSources {
  const problems = new Problems()
  const diagnostics: Diagnostic[] = []
  const folder = dirname(file)
  const sources = readSourceFile({ name: file, text }, problems).flatMap((written): LoadedSource[] => {
    const isOwnLog = isLog(written, log, problems)
    const port = portOf(written, folder, environment, problems)
    const path = written.map && join(folder, written.map.path)
    const map = written.map && path ? readMap(path, schema, written.map.at, problems, diagnostics) : undefined
    if (isOwnLog || port === undefined || (written.map !== undefined && map === undefined)) return []
    const mendedMap = (): MapDecoder | undefined => (path === undefined ? undefined : checkedMap(path, schema))
    return [{ name: written.name, port, map, mendedMap }]
  })
  return { sources, diagnostics: [...problems.sorted(), ...oncePerPlace(diagnostics)] }
}

/** Tells a source that is the log as a mistake: by its name alone, whatever the hosts, as one broker has many names. */
function isLog({ address, at }: WrittenSource, log: BrokerLogPlace | undefined, problems: Problems): boolean {
  const refuse = (what: string, name: string): boolean => {
    const message = `the ${what} ${name} is the log itself (VIGIL_LOG), and would be read into itself`
    problems.error(at, 'bad-source', message, `name another ${what}, here or for the log`)
    return true
  }
  if (address?.kind === 'kafka' && log?.kind === 'kafka' && address.topic === log.topic)
    return refuse('topic', log.topic)
  return (
    address?.kind === 'nats' && log?.kind === 'nats' && address.stream === log.stream && refuse('stream', log.stream)
  )
}

function portOf(
  { name, address, at }: WrittenSource,
  folder: string,
  environment: SourcesInput['environment'],
  problems: Problems,
): SourcePort | undefined {
  if (address === undefined) return undefined
  const access = sourceAccess(name, address, folder, environment)
  try {
    return address.kind === 'kafka'
      ? new KafkaSource(address, kafkaConnection(name, access))
      : new NatsSource(address, natsConnection(name, access))
  } catch (error) {
    if (!(error instanceof AccessRefused)) throw error
    problems.error(at, 'bad-access', error.message, error.hint)
    return undefined
  }
}

function readMap(
  path: string,
  schema: EventSchema,
  at: Place,
  problems: Problems,
  diagnostics: Diagnostic[],
): MapDecoder | undefined {
  let text: string
  try {
    text = textOf(path)
  } catch (error) {
    problems.error(at, 'missing-file', fileProblem(path, error), 'the path counts from the folder of this file')
    return undefined
  }
  const { decoder, diagnostics: found } = boundMap({ name: path, text }, schema)
  diagnostics.push(...found)
  return found.some(({ severity }) => severity === 'error') ? undefined : decoder
}

function checkedMap(path: string, schema: EventSchema): MapDecoder {
  let text: string
  try {
    text = textOf(path)
  } catch (error) {
    throw new Error(fileProblem(path, error))
  }
  const { decoder, diagnostics } = boundMap({ name: path, text }, schema)
  const first = diagnostics.find(({ severity }) => severity === 'error')
  if (first === undefined) return decoder
  throw new Error(`${path}:${first.line}:${first.column}: ${first.message}`)
}

function boundMap(
  file: { readonly name: string; readonly text: string },
  schema: EventSchema,
): { readonly decoder: MapDecoder; readonly diagnostics: readonly Diagnostic[] } {
  const map = MapFile.read(file, schema)
  const { decoder, diagnostics } = map.bind({ source: file.name, kind: 'object', columns: undefined })
  return { decoder, diagnostics: [...map.diagnostics, ...diagnostics] }
}

const textOf = (path: string): string => new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))

/** Several sources may have one MAP. */
function oncePerPlace(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const byPlace = new Map(diagnostics.map((one) => [`${one.file}:${one.line}:${one.column}:${one.code}`, one]))
  return [...byPlace.values()]
}
