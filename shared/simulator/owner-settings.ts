import { sha256Hex } from '#shared/domain/digest'
import { ownerBounds } from '#shared/protocol/owner-bounds'
import type { OwnerOptions } from '#shared/protocol/owner-options'
import { loadRuleSet } from '#shared/rule-language/load-rule-set'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { outboxEntries } from './outbox-record.ts'
import { PaymentDecoder } from './row.ts'
import { latenessMs } from './world-plan.ts'

/** What simulated owners are made with: the codec of simulated logs, and small steps. Rule sets are read once, as that costs more than a world. */
export class OwnerSettings {
  readonly #ruleSets = new Map<string, RuleSet>()

  options(settings: {
    readonly name: string
    readonly ruleFiles: ReadonlyMap<string, string>
    readonly memoryBytesMax: number
    readonly isSmall: boolean
    readonly hasSnapshots?: boolean
  }): OwnerOptions {
    const { name, ruleFiles, memoryBytesMax, isSmall, hasSnapshots = false } = settings
    const reserveBytes = 512 * 1024
    return {
      partition: 0,
      name,
      ruleFiles,
      newHashKey: 7,
      latenessMs,
      tenant: 'bank',
      memoryBytesMax,
      hasSnapshots,
      sha256Hex,
      decoderOf: (schema) => new PaymentDecoder(schema),
      entries: outboxEntries,
      ruleSetOf: (files) => this.#ruleSetOf(files),
      bounds: isSmall
        ? {
            ...{ savedActorsPerSlice: 2, commitPartBytesMax: 300, offeredEntriesMax: 3, outboxEntriesMax: 12 },
            ...{ readBytesMax: ownerBounds.readBytesMax, reserveBytes },
          }
        : { ...ownerBounds, reserveBytes },
    }
  }

  #ruleSetOf(files: ReadonlyMap<string, string>): RuleSet | undefined {
    const name = [...files].flat().join('\n')
    let ruleSet = this.#ruleSets.get(name)
    if (ruleSet === undefined) {
      ruleSet = loadRuleSet(files).ruleSet
      if (ruleSet !== undefined) this.#ruleSets.set(name, ruleSet)
    }
    return ruleSet
  }
}
