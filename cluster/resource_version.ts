/** Order of one object's versions. @module */

/**
 * Compares two resource versions. Kubernetes calls them opaque; every API server counts them up in decimal, and only
 * then is there an order to hold a connection to.
 *
 * @returns negative when `a` is older, positive when newer, 0 when equal, undefined when there is no order
 */
export function compareVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!/^[1-9]\d{0,30}$/.test(a) || !/^[1-9]\d{0,30}$/.test(b)) {
    return undefined;
  }
  return a.length - b.length || (a < b ? -1 : 1);
}

/** Whether `a` is known to be older than `b`. */
export function isOlder(a: string, b: string): boolean {
  return (compareVersions(a, b) ?? 0) < 0;
}
