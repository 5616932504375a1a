import { MemoryEventLog, MemoryLogStorage } from './event-log-memory.ts'
import { trimmableLogConformance } from './event-log-trim.conformance.ts'

trimmableLogConformance('MemoryEventLog', async ({ partitions, latenessMs }) => {
  const storage = new MemoryLogStorage(partitions)
  const open = (): MemoryEventLog => new MemoryEventLog({ storage, latenessMs })
  return { log: open(), reopen: async () => open(), remove: async () => {}, tellsRepeatsForever: true }
})
