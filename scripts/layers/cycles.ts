/**
 * One cycle of each group of files that reach each other, found by Tarjan's algorithm; a file that imports itself counts.
 * @param graph for each file, the files that it imports
 * @returns each cycle from its alphabetically first file on, without repeating that file at the end
 */
export function cycles(graph: ReadonlyMap<string, ReadonlyMap<string, unknown>>): ReadonlyArray<ReadonlyArray<string>> {
  const found: ReadonlyArray<string>[] = []
  for (const group of groups(graph)) {
    const first = [...group].sort()[0]
    const cycle = shortestWayBack(first, group, graph)
    if (cycle !== null) found.push(cycle)
  }
  return found
}

/** The strongly connected components. */
function groups(graph: ReadonlyMap<string, ReadonlyMap<string, unknown>>): ReadonlyArray<ReadonlySet<string>> {
  const order = new Map<string, number>()
  const stack: string[] = []
  const open = new Set<string>()
  const result: ReadonlySet<string>[] = []
  /** Returns the lowest order number that the file reaches among those whose group is still open. */
  const walk = (file: string): number => {
    const own = order.size
    let low = own
    order.set(file, own)
    stack.push(file)
    open.add(file)
    for (const next of graph.get(file)?.keys() ?? []) {
      const known = order.get(next)
      if (known === undefined) low = Math.min(low, walk(next))
      else if (open.has(next)) low = Math.min(low, known)
    }
    if (low === own) {
      const group = new Set(stack.splice(stack.indexOf(file)))
      for (const member of group) open.delete(member)
      result.push(group)
    }
    return low
  }
  for (const file of graph.keys()) if (!order.has(file)) walk(file)
  return result
}

/** Breadth first from the file to itself, within its group; null if the group is a single file without an own edge. */
function shortestWayBack(
  first: string,
  group: ReadonlySet<string>,
  graph: ReadonlyMap<string, ReadonlyMap<string, unknown>>,
): ReadonlyArray<string> | null {
  const seen = new Set<string>()
  let ways: ReadonlyArray<string>[] = [[first]]
  while (ways.length > 0) {
    const longer: ReadonlyArray<string>[] = []
    for (const way of ways) {
      for (const next of graph.get(way[way.length - 1])?.keys() ?? []) {
        if (next === first) return way
        if (!group.has(next) || seen.has(next)) continue
        seen.add(next)
        longer.push([...way, next])
      }
    }
    ways = longer
  }
  return null
}
