/** Median of the first one, two or three values; of two it is their mean (`aic-engine.md` §3.4). */
export function median3(a: f64, b: f64, c: f64, count: i32): f64 {
  if (count == 1) return a;
  if (count == 2) return (a + b) / 2.0;
  return max(min(a, b), min(max(a, b), c));
}
