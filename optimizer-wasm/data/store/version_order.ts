/** The order of version names: PEP 440, as upstream orders its version folders (`aic-engine.md` §1.2). @module */

/** A parsed version; compare with {@linkcode compareVersions}. */
interface ParsedVersion {
  readonly epoch: number;
  readonly release: readonly number[];
  /** Pre-release phase and number; `[0, n]` a, `[1, n]` b, `[2, n]` rc. Absent: a final release. */
  readonly pre: readonly [number, number] | null;
  readonly post: number | null;
  readonly dev: number | null;
  readonly local: readonly (string | number)[] | null;
}

const PATTERN =
  /^v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)(?:[-_.]?(?<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?<preNumber>\d*))?(?:-(?<postImplicit>\d+)|[-_.]?(?<post>post|rev|r)[-_.]?(?<postNumber>\d*))?(?:[-_.]?(?<dev>dev)[-_.]?(?<devNumber>\d*))?(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/;

const PHASES: Readonly<Record<string, number>> = {
  a: 0,
  alpha: 0,
  b: 1,
  beta: 1,
  c: 2,
  rc: 2,
  pre: 2,
  preview: 2,
};

/** Whether `version` is a PEP 440 version. */
export function isVersion(version: string): boolean {
  return parse(version) !== null;
}

/**
 * Compares two version names: `1.3.0rc10 < 1.3.0rc15 < 1.3.0`, `0.5.6 < 0.5.6.post2`. Names that are no PEP 440
 * versions come before all that are, by code points.
 */
export function compareVersions(a: string, b: string): number {
  const x = parse(a);
  const y = parse(b);
  if (x === null || y === null) {
    if (x !== null) return 1;
    if (y !== null) return -1;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return x.epoch - y.epoch || compareRelease(x.release, y.release) ||
    comparePair(preRank(x), preRank(y)) ||
    (x.post ?? -1) - (y.post ?? -1) ||
    sign(x.dev ?? Infinity, y.dev ?? Infinity) ||
    compareLocal(x.local, y.local);
}

function parse(version: string): ParsedVersion | null {
  const groups = PATTERN.exec(version.trim().toLowerCase())?.groups;
  if (!groups) return null;
  const { epoch, release = "", pre, preNumber, post, postNumber } = groups;
  const { postImplicit, dev, devNumber, local } = groups;
  return {
    epoch: Number(epoch ?? 0),
    release: release.split(".").map(Number),
    pre: pre === undefined ? null : [PHASES[pre] ?? 2, Number(preNumber || 0)],
    post: postImplicit !== undefined
      ? Number(postImplicit)
      : post === undefined
      ? null
      : Number(postNumber || 0),
    dev: dev === undefined ? null : Number(devNumber || 0),
    local: local === undefined
      ? null
      : local.split(/[-_.]/).map((it) => /^\d+$/.test(it) ? Number(it) : it),
  };
}

/** `1.0.dev1` sorts before `1.0a1`, which sorts before `1.0`. */
function preRank({ pre, post, dev }: ParsedVersion): readonly [number, number] {
  if (pre !== null) return pre;
  return post === null && dev !== null ? [-1, 0] : [3, 0];
}

function compareRelease(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function comparePair(
  a: readonly [number, number],
  b: readonly [number, number],
): number {
  return a[0] - b[0] || a[1] - b[1];
}

/** Absent before present, words before numbers, shorter before longer. */
function compareLocal(
  a: ParsedVersion["local"],
  b: ParsedVersion["local"],
): number {
  if (a === null || b === null) return (a ? 1 : 0) - (b ? 1 : 0);
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x === y) continue;
    if (typeof x === "number") return typeof y === "number" ? x - y : 1;
    return typeof y === "number" ? -1 : sign(x, y);
  }
  return a.length - b.length;
}

/** `a - b` for values that may be infinite or words. */
function sign<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
