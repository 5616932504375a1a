import { setTimeout } from 'node:timers/promises'
import type { openKeeper } from '../../scripts/servers/keeper-client.mjs'
import { TroubledProxy } from './troubled-proxy.ts'

export type Keeper = ReturnType<typeof openKeeper>

/** A server of this run alone, and the only way to it. */
export class ProxiedServer {
  readonly name: string
  readonly proxy: TroubledProxy
  /** Where it is without the proxy, and with it. */
  readonly directUrl: string
  readonly url: string
  readonly #keeper: Keeper

  private constructor(keeper: Keeper, name: string, proxy: TroubledProxy, directUrl: string) {
    this.#keeper = keeper
    this.name = name
    this.proxy = proxy
    this.directUrl = directUrl
    this.url = directUrl.replace(/:(\d+)(?!.*:\d)/, `:${proxy.port}`)
  }

  /** Rejects where it cannot be had. */
  static async start(keeper: Keeper, name: string): Promise<ProxiedServer> {
    const proxy = await TroubledProxy.open()
    const { url, reason } = await keeper.start(name, proxy.port)
    if (url === undefined) {
      await proxy.close()
      throw new Error(`${name} cannot be had: ${reason}`)
    }
    proxy.targetPort = Number(/:(\d+)(?!.*:\d)/.exec(url)?.[1])
    return new ProxiedServer(keeper, name, proxy, url)
  }

  async kill(awayMs: number): Promise<void> {
    await this.#keeper.kill(this.name)
    await setTimeout(awayMs)
    await this.#restart()
  }

  async pause(forMs: number): Promise<void> {
    await this.#keeper.pause(this.name)
    await setTimeout(forMs)
    await this.#keeper.resume(this.name)
  }

  /** The end of its own log. */
  said(): Promise<string> {
    return this.#keeper.said(this.name)
  }

  close(): Promise<void> {
    return this.proxy.close()
  }

  /** What a killed process leaves behind may stand in the way for a moment. */
  async #restart(): Promise<void> {
    let why: string | undefined
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const { reason } = await this.#keeper.start(this.name)
      if (reason === undefined) return
      why = reason
      await setTimeout(againMs)
    }
    throw new Error(`${this.name} does not come back: ${why}`)
  }
}

const attemptsMax = 20
const againMs = 250
