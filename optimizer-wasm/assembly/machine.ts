/**
 * The GPU system of this instance: one module instance serves one system, one backend, one version, so these are
 * module globals, set once by `configure` before any operator is added.
 */

/** Memory bandwidth, bytes/s. */
export let bandwidth: f64 = 1.0;
/** Memory operators: milliseconds a byte, and milliseconds a call (`aic-engine.md` §5.1). */
export let memoryMsPerByte: f64 = 0.0;
export let memoryConstantMs: f64 = 0.0;
/** Thermal design power and idle draw, watts. */
export let tdpWatts: f64 = 0.0;
export let idleWatts: f64 = 0.0;

export function configure(
  bandwidthBytesPerSecond: f64,
  bandwidthScale: f64,
  constantSeconds: f64,
  tdp: f64,
  idle: f64,
): void {
  bandwidth = bandwidthBytesPerSecond;
  memoryMsPerByte = 1000.0 / (bandwidthBytesPerSecond * bandwidthScale);
  memoryConstantMs = constantSeconds * 1000.0;
  tdpWatts = tdp;
  idleWatts = idle;
}
