import { setTimeout } from 'node:timers/promises'
import type { PlannedFault, Target } from './fault-plan.ts'
import type { ProxiedServer } from './proxied-server.ts'
import type { SupervisedService } from './supervised-service.ts'

export interface Victims {
  readonly vigil: SupervisedService
  readonly servers: Readonly<Record<Exclude<Target, 'vigil'>, ProxiedServer>>
}

/**
 * Makes all faults happen at their times. Those of one target come one after the other: where one takes longer than planned, as the start of
 * a broker may, the next ones come later; past the end they are left out. Time passes slowly while the service does not listen: where it needs long
 * for a start, what fails then would fail for nobody.
 * @returns how many there were, by target and kind. Rejects where a server does not come back.
 */
export async function makeTrouble(
  plan: readonly PlannedFault[],
  lengthMs: number,
  victims: Victims,
): Promise<ReadonlyMap<string, number>> {
  const clock = new UpClock(() => victims.vigil.address !== undefined)
  const done = new Map<string, number>()
  const run = async (faults: readonly PlannedFault[]): Promise<void> => {
    for (const fault of faults) {
      await clock.reach(fault.at)
      if (clock.ms > lengthMs) return
      await perform(fault, victims)
      const name = `${fault.target} ${fault.kind}`
      done.set(name, (done.get(name) ?? 0) + 1)
    }
  }
  await Promise.all([...Map.groupBy(plan, ({ target }) => target).values()].map(run))
  for (const { proxy } of Object.values(victims.servers))
    for (const direction of ['toServer', 'toClient'] as const) proxy.cutAfter(Number.POSITIVE_INFINITY, direction)
  return done
}

/** Time that passes at a fifth of its pace while the service is not up. */
class UpClock {
  ms = 0
  readonly #isUp: () => boolean
  #lookedAt = performance.now()

  constructor(isUp: () => boolean) {
    this.#isUp = isUp
  }

  async reach(ms: number): Promise<void> {
    while (this.ms < ms) {
      await setTimeout(lookMs)
      this.#look()
    }
  }

  #look(): void {
    const now = performance.now()
    this.ms += (now - this.#lookedAt) * (this.#isUp() ? 1 : downShare)
    this.#lookedAt = now
  }
}

const lookMs = 20
const downShare = 0.2

async function perform(fault: PlannedFault, { vigil, servers }: Victims): Promise<void> {
  const { target, kind, forMs } = fault
  if (target === 'vigil') return kind === 'kill' ? vigil.kill(forMs) : vigil.pause(forMs)
  const server = servers[target]
  if (kind === 'kill') return server.kill(forMs)
  if (kind === 'pause') return server.pause(forMs)
  await trouble(fault, server)
}

async function trouble(fault: PlannedFault, { proxy }: ProxiedServer): Promise<void> {
  const { kind, forMs, delayMs, afterBytes, isTowardsServer } = fault
  const direction = isTowardsServer ? 'toServer' : 'toClient'
  if (kind === 'cut') proxy.cut()
  if (kind === 'cut-amid') proxy.cutAfter(afterBytes, direction)
  if (kind === 'half-close') proxy.halfClose(direction)
  if (kind === 'delay') proxy.delay(delayMs)
  if (kind === 'hold') proxy.hold(direction, true)
  if (kind === 'refuse') proxy.refuse(true)
  await setTimeout(forMs)
  proxy.heal()
}
