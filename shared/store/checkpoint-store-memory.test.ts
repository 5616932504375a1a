import { testCheckpointStore } from './checkpoint-store.conformance.ts'
import { MemoryCheckpointStore } from './checkpoint-store-memory.ts'
import { testCheckpointPages } from './checkpoint-store-pages.conformance.ts'

const open = async (): Promise<MemoryCheckpointStore> => new MemoryCheckpointStore()

testCheckpointStore('the checkpoint store in memory', open)
testCheckpointPages('the checkpoint store in memory', open)
