// Starts OpenTelemetry where the variables OTEL_… ask for it: loaded by `--import` before the program, in `vigil serve` alone.
import { readFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import type { Telemetry } from '#shared/telemetry/open-telemetry'
import { jsonLog } from '#shared/telemetry/service-log'
import { isTelemetryAsked } from '#shared/telemetry/signals'

/** undefined: nobody asked. Threads of the service have none of their own: what they do is told by the one that started them. */
export const telemetry: Telemetry | undefined =
  isMainThread && isTelemetryAsked(process.env) && process.argv[2] === 'serve' ? await start() : undefined

async function start(): Promise<Telemetry> {
  const { startOpenTelemetry } = await import('#shared/telemetry/open-telemetry')
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return startOpenTelemetry({
    environment: process.env,
    serviceVersion: version,
    onMistake: (text) => {
      if (process.stderr.isTTY) console.error(`telemetry: ${text}`)
      else jsonLog().warn(`telemetry: ${text}`)
    },
  })
}
