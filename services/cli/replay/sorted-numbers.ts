/** Whether a number stands in two of the lists, each of which is sorted. */
export function haveCommon(lists: readonly Float64Array[]): boolean {
  const places = lists.map(() => 0)
  for (;;) {
    let least = Number.POSITIVE_INFINITY
    let found = 0
    for (let i = 0; i < lists.length; i++) {
      const next = lists[i][places[i]] ?? Number.POSITIVE_INFINITY
      if (next < least) {
        least = next
        found = 1
      } else if (next === least) found++
    }
    if (least === Number.POSITIVE_INFINITY) return false
    if (found > 1) return true
    for (let i = 0; i < lists.length; i++) while (lists[i][places[i]] === least) places[i]++
  }
}
