import { join } from 'node:path'
import { projectRoot } from '../source-tree.ts'
import { output } from './command.ts'
import { freePort } from './port.ts'

/** As compose.yaml names them. */
const services: Readonly<Record<string, { readonly service: string; readonly url: (port: number) => string }>> = {
  nats: { service: 'nats', url: (port) => `nats://127.0.0.1:${port}` },
  redis: { service: 'valkey', url: (port) => `redis://127.0.0.1:${port}` },
  postgres: { service: 'postgres', url: (port) => `postgres://vigil:vigil@127.0.0.1:${port}/vigil` },
  kafka: { service: 'kafka', url: (port) => `127.0.0.1:${port}` },
}

/** Containers of compose.yaml under a project name of this process alone, on free ports. */
export class ComposedServers {
  readonly #project = `vigil-test-${process.pid}`
  readonly #ports: Record<string, string> = {}
  #hasEngine: Promise<boolean> | undefined
  /** One at a time: two would create the same network. */
  #last: Promise<unknown> = Promise.resolve()
  #hasStarted = false

  /** @returns its URL; undefined: no engine answers, or it could not be started there, which is said on stderr */
  async start(name: string): Promise<string | undefined> {
    const entry = services[name]
    this.#hasEngine ??= engineAnswers()
    if (entry === undefined || !(await this.#hasEngine)) return undefined
    const port = await freePort()
    this.#ports[`VIGIL_${entry.service.toUpperCase()}_PORT`] = String(port)
    this.#hasStarted = true
    const up = this.#last.then(() => this.#compose(['up', '--detach', '--wait', entry.service], startMsMax))
    this.#last = up.catch(() => {})
    try {
      await up
      return entry.url(port)
    } catch (error) {
      console.error(`servers: ${name} not as a container: ${error instanceof Error ? error.message : error}`)
      return undefined
    }
  }

  async close(): Promise<void> {
    await this.#last
    if (this.#hasStarted) await this.#compose(['down', '--volumes', '--timeout', '2'], startMsMax)
  }

  #compose(args: readonly string[], msMax: number): Promise<string> {
    const file = join(projectRoot, 'compose.yaml')
    const all = ['compose', '--project-name', this.#project, '--file', file, ...args]
    return output('docker', all, { env: { ...process.env, ...this.#ports }, msMax })
  }
}

/** The command may be there without an engine behind it. */
async function engineAnswers(): Promise<boolean> {
  try {
    await output('docker', ['version', '--format', '{{.Server.Version}}'], { msMax: 3_000 })
    await output('docker', ['compose', 'version'], { msMax: 3_000 })
    return true
  } catch {
    // Both the absent command and the absent engine: the machine's own servers come next.
    return false
  }
}

/** An image may have to be fetched. */
const startMsMax = 180_000
