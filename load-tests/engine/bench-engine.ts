import { Engine } from '#shared/actor/engine'
import { prefetchMax } from '#shared/actor/population'
import { usedFields } from '#shared/actor/used-fields'
import { EventBatch } from '#shared/domain/event-batch'
import { limits } from '#shared/domain/limits'
import { Arena } from '#shared/memory/arena'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { sha256Hex } from '../../services/cli/sha256.ts'
import { type PaymentColumns, type Payments, paymentColumns } from './payments.ts'

/** An engine as a replay in order of arrival uses it, with a batch for its events. Alerts are counted and thrown away. */
export class BenchEngine {
  readonly engine: Engine
  readonly arena: Arena
  readonly batch: EventBatch
  readonly columns: PaymentColumns
  alerts = 0

  constructor(ruleSet: RuleSet, options: { readonly latenessMs?: number; readonly batchRows?: number } = {}) {
    this.arena = new Arena(arenaBytes)
    this.batch = new EventBatch(ruleSet.events, usedFields(ruleSet), options.batchRows ?? prefetchMax)
    this.columns = paymentColumns(this.batch)
    this.engine = new Engine({
      ruleSet,
      arena: this.arena,
      latenessMs: options.latenessMs ?? limits.latenessMsDefault,
      isSorted: false,
      tenant: 'bench',
      hashKey: 1,
      sha256Hex,
      // As in the service: what rules take is measured, too.
      clock: () => performance.now(),
      sink: {
        alert: () => {
          this.alerts++
        },
      },
    })
  }

  /** Applies what is in the batch, read ahead as a replay does. */
  apply(isReadAhead = true): void {
    const { engine, batch } = this
    for (let row = 0; row < batch.length; row++) {
      if (isReadAhead && row % prefetchMax === 0) engine.prefetch(batch, undefined, row)
      if (engine.apply(batch, row) !== 'applied') throw new Error(`event ${batch.id[row]} was not applied`)
    }
  }

  /** Brings events in that are not measured. */
  fill(payments: Payments, count: number): void {
    const { batch } = this
    for (let done = 0; done < count; done += batch.length) {
      batch.clear()
      for (let i = 0; i < Math.min(fillRows, count - done); i++) payments.append(batch, this.columns)
      this.apply()
    }
    batch.clear()
  }
}

/** Address space only: a page is used when it is first touched. */
const arenaBytes = 12 * 2 ** 30
const fillRows = 256
