import { type DestinationStream, pino } from 'pino'
import { withoutSecrets } from './without-secrets.ts'

/** What a line tells beside its message. Names of rules and sources, and numbers: nothing of an event, nobody's name, no text of a client. */
export interface LogFields {
  readonly partition?: number
  readonly partitions?: number
  readonly rules?: number
  readonly rule?: string
  readonly source?: string
  readonly reason?: string
  readonly reasons?: readonly string[]
  readonly count?: number
  readonly address?: string
  /** 32 hexadecimal digits. */
  readonly traceId?: string
}

/** What the service says of itself while it runs, for those who run it. */
export interface ServiceLog {
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  /** @param cause what was thrown: its name, message and stack are told, and nothing else that it holds */
  error(message: string, cause: unknown, fields?: LogFields): void
}

/** One JSON object a line: `time`, `level`, `msg`, `trace_id` where there is a trace, and the fields. Written at once, so that an end loses none. */
export function jsonLog(destination: DestinationStream = pino.destination({ dest: 2, sync: true })): ServiceLog {
  const logger = pino(
    {
      base: { service: 'vigil' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    destination,
  )
  return {
    info: (message, fields) => logger.info(shown(fields), withoutSecrets(message)),
    warn: (message, fields) => logger.warn(shown(fields), withoutSecrets(message)),
    error: (message, cause, fields) =>
      logger.error({ ...shown(fields), error: errorOf(cause) }, withoutSecrets(message)),
  }
}

/** For a person at a terminal, who sees the alerts and how it goes beside: mistakes alone. */
export function terminalLog(write: (text: string) => void): ServiceLog {
  const quiet = (): void => {}
  return {
    info: quiet,
    warn: quiet,
    error: (message, cause, { traceId } = {}) => {
      const { stack, message: said } = errorOf(cause)
      write(`${withoutSecrets(message)}${traceId === undefined ? '' : ` (trace ${traceId})`}: ${stack ?? said}`)
    },
  }
}

function shown({ traceId, ...fields }: LogFields = {}): Record<string, unknown> {
  const safe = Object.entries(fields).map(([name, value]) => [name, safeValue(value)])
  return { ...(traceId === undefined ? {} : { trace_id: traceId }), ...Object.fromEntries(safe) }
}

function safeValue(value: unknown): unknown {
  if (typeof value === 'string') return withoutSecrets(value)
  return Array.isArray(value) ? value.map(safeValue) : value
}

interface ToldError {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/** Clients hang what they were sending on their errors: rows, states, addresses. None of it comes here. */
function errorOf(cause: unknown): ToldError {
  if (!(cause instanceof Error)) return { type: typeof cause, message: withoutSecrets(String(cause)) }
  const { name, message, stack } = cause
  const code = 'code' in cause && typeof cause.code === 'string' ? { code: withoutSecrets(cause.code) } : {}
  const trail = stack === undefined ? {} : { stack: withoutSecrets(stack) }
  return { type: name, message: withoutSecrets(message), ...code, ...trail }
}
