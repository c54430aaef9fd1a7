/** How context attention's efficiency varies with the head size (`aic-engine.md` §5.12). @module */

/** Efficiency relative to head size 128, at 64, 128, 192, 256 and 512. */
const CURVES: Readonly<Record<string, readonly number[]>> = {
  trtllm: [0.58, 1, 1.1, 1.17, 1.2],
  sglang: [0.6, 1, 1.18, 1.32, 1.38],
  vllm: [0.6, 1, 1.27, 1.51, 1.6],
};
const SIZES = [64, 128, 192, 256, 512];

/** Linear in log2 of the head size between the known ones, constant beyond. */
export function headSizeEfficiency(backend: string, headSize: number): number {
  const curve = CURVES[backend] ?? [];
  const last = SIZES.length - 1;
  for (let i = 0; i < last; i++) {
    const low = SIZES[i] ?? 1;
    const high = SIZES[i + 1] ?? 1;
    if (headSize <= low) return curve[i] ?? 1;
    if (headSize > high) continue;
    const w = (Math.log2(headSize) - Math.log2(low)) /
      (Math.log2(high) - Math.log2(low));
    const from = curve[i] ?? 1;
    return from + ((curve[i + 1] ?? 1) - from) * w;
  }
  return curve[last] ?? 1;
}
