import { type BeyondMemorySize, measureBeyondMemory } from './beyond-memory.ts'
import type { Figure } from './figure.ts'
import { type LateEventsSize, measureLateEvents } from './late-events.ts'
import { type MemorySize, measureMemory } from './memory.ts'
import { measurePauses, type PausesSize } from './pauses.ts'
import { measureThroughput, type ThroughputSize } from './throughput.ts'

/** What is measured in one process of its own, so that neither compiled code nor memory of another is in the way. */
export type Trial =
  | { readonly kind: 'throughput'; readonly size: ThroughputSize }
  | { readonly kind: 'memory'; readonly size: MemorySize }
  | { readonly kind: 'pauses'; readonly size: PausesSize }
  | { readonly kind: 'late-events'; readonly size: LateEventsSize }
  | { readonly kind: 'beyond-memory'; readonly size: BeyondMemorySize }

export function runTrial(trial: Trial): Promise<readonly Figure[]> {
  switch (trial.kind) {
    case 'throughput':
      return measureThroughput(trial.size)
    case 'memory':
      return measureMemory(trial.size)
    case 'pauses':
      return measurePauses(trial.size)
    case 'late-events':
      return measureLateEvents(trial.size)
    case 'beyond-memory':
      return measureBeyondMemory(trial.size)
  }
}
