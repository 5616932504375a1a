import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import { errors } from '@nats-io/transport-node'
import { LogUnavailable } from './event-log.ts'
import { isNatsConnectionError } from './nats-connection-errors.ts'
import type { LogFailure } from './sqlite-log-failure.ts'

/** What the server answers where it refuses. */
export interface ApiFailure {
  readonly err_code: number
  readonly description: string
}

/** @param where the servers, without credentials */
export function refusalOf({ err_code, description }: ApiFailure, where: string): LogFailure {
  const isFull = fullCodes.includes(err_code) || fullTexts.test(description)
  const detail = `NATS at ${where} refuses: ${description} (${err_code})`
  if (err_code === JetStreamApiCodes.StreamNotFound)
    return {
      reason: 'unreachable',
      detail: `${detail}; the log is gone: give it back from a copy (nats stream restore)`,
    }
  if (isFull)
    return {
      reason: 'disk-full',
      detail: `${detail}; raise max_bytes of the stream, or give the servers more room for JetStream`,
    }
  return { reason: 'unreachable', detail }
}

/** What an error of the client means to the caller; one that nobody foresaw is handed back as it is. */
export function judgeNatsError(error: unknown, where: string): unknown {
  if (error instanceof LogUnavailable) return error
  if (error instanceof JetStreamApiError) {
    const { reason, detail } = refusalOf({ err_code: error.code, description: error.message }, where)
    return new LogUnavailable(reason, detail, error)
  }
  if (!(error instanceof Error && isNatsConnectionError(error))) return error
  const why = error.message === '' ? error.name : error.message
  return new LogUnavailable(
    'unreachable',
    `NATS at ${where} cannot be used: ${why}; is it running, and is the URL right?`,
    error,
  )
}

/** Nobody took a message: there is no such stream, or it has no leader now. */
export const isUntaken = ({ cause }: LogUnavailable): boolean =>
  cause instanceof errors.RequestError && cause.isNoResponders()

/** Of nats-server (server/errors.json): account resources, insufficient resources, storage resources. */
const fullCodes: readonly number[] = [10002, 10023, 10047]
/** What a stream's store says through a code that stands for everything. */
const fullTexts = /maximum (bytes|messages) exceeded|no space left|resource limits exceeded/
