import type { Automaton } from './automaton.ts'
import type { Draft } from './draft.ts'
import type { RunBlocks } from './run-blocks.ts'
import {
  headerHeld,
  headerNodes,
  headerRuns,
  headerWords,
  nodeCount,
  nodeParent,
  nodeStep,
  nodeWords,
  recordNode,
  recordStart,
  recordState,
  recordWords,
} from './run-layout.ts'

/** The bytes are not a state of this automaton. */
export class BadRunBytes extends Error {
  constructor(what: string) {
    super(`cep: these bytes are no open runs of this pattern: ${what}`)
    this.name = 'BadRunBytes'
  }
}

/** Equal states have equal bytes, whatever dead nodes their blocks hold. The state without runs has none. */
export function encodeRuns(blocks: RunBlocks, handle: number, draft: Draft): Uint8Array<ArrayBuffer> {
  return handle === 0 ? new Uint8Array(0) : new Uint8Array(blocks.packed(handle, draft).buffer)
}

/** The inverse. Throws `BadRunBytes` for what cannot be a state of the automaton, and `ArenaFullError`. */
export function decodeRuns(blocks: RunBlocks, bytes: Uint8Array, automaton: Automaton): number {
  if (bytes.length === 0) return 0
  if (bytes.length % 4 !== 0) throw new BadRunBytes(`${bytes.length} bytes`)
  const words = new Uint32Array(bytes.length / 4)
  new Uint8Array(words.buffer).set(bytes)
  check(words, automaton)
  return blocks.unpacked(words)
}

function check(words: Uint32Array, automaton: Automaton): void {
  const runs = words[headerRuns]
  const held = words[headerHeld]
  const nodes = words[headerNodes]
  if (words.length !== headerWords + nodes * nodeWords + (runs + held) * recordWords || runs + held === 0)
    throw new BadRunBytes(`${words.length} words for ${nodes} nodes, ${runs} runs and ${held} matches`)
  for (let node = 1; node <= nodes; node++) {
    const word = headerWords + (node - 1) * nodeWords
    if (words[word + nodeParent] >= node || words[word + nodeStep] >= automaton.steps || words[word + nodeCount] === 0)
      throw new BadRunBytes(`node ${node}`)
  }
  for (let index = 0; index < runs + held; index++) {
    const word = words.length - (index + 1) * recordWords
    const node = words[word + recordNode]
    const state = words[word + recordState]
    const isRun = index < runs
    const isState = isRun ? state > 0 && state < automaton.states : state <= 1
    const isSorted =
      index === 0 || index === runs || words[word + recordWords + recordStart] <= words[word + recordStart]
    if (node === 0 || node > nodes || !isState || !isSorted) throw new BadRunBytes(`record ${index}`)
  }
}
