/** Bare arrays in linear memory: the pack's own bytes, read in place. */

export function f64At(array: usize, index: i32): f64 {
  return load<f64>(array + ((<usize> index) << 3));
}

export function setF64(array: usize, index: i32, value: f64): void {
  store<f64>(array + ((<usize> index) << 3), value);
}

export function i32At(array: usize, index: i32): i32 {
  return load<i32>(array + ((<usize> index) << 2));
}

export function setI32(array: usize, index: i32, value: i32): void {
  store<i32>(array + ((<usize> index) << 2), value);
}

export function padded(bytes: usize): usize {
  return (bytes + 7) & ~7;
}

/** Zeroed memory that lives as long as the instance. */
export function allocate(bytes: usize): usize {
  const pointer = heap.alloc(bytes);
  memory.fill(pointer, 0, bytes);
  return pointer;
}

/** Room for a large table, not written to: what is never used of it takes no memory of the machine. */
export function allocateLazily(bytes: usize): usize {
  return heap.alloc(bytes);
}

/** Greatest index with `keys[index] <= x` among `count` ascending keys, or -1 when x lies below the first. */
export function lowerIndex(keys: usize, count: i32, x: f64): i32 {
  let low = 0;
  let size = count;
  while (size > 0) {
    const half = size >> 1;
    const middle = low + half;
    if (f64At(keys, middle) <= x) {
      low = middle + 1;
      size -= half + 1;
    } else {
      size = half;
    }
  }
  return low - 1;
}

export function lerp(a: f64, b: f64, w: f64): f64 {
  return a + (b - a) * w;
}

/** log2 with the floor that distances use (`aic-engine.md` §3.2). */
export function log2Of(value: f64): f64 {
  return Math.log2(max(value, 1e-12));
}
