import { readdirSync, readFileSync } from 'node:fs'

/** Ids of all processes that a process has started, and those have. Where the system does not show them (it is not Linux): none. */
export function descendantsOf(pid: number): readonly number[] {
  const children = new Map<number, number[]>()
  for (const entry of entries()) {
    const parent = parentOf(entry)
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), entry])
  }
  const found: number[] = []
  // Grows while it is gone through; it ends, as nobody is an own ancestor.
  for (let i = -1; i < found.length; i++) found.push(...(children.get(i < 0 ? pid : found[i]) ?? []))
  return found
}

function entries(): readonly number[] {
  try {
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
  } catch {
    return []
  }
}

function parentOf(pid: number): number | undefined {
  try {
    // The name in brackets may hold anything.
    return Number(/^.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1])
  } catch {
    return undefined
  }
}
