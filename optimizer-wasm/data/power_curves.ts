/**
 * Power curves by GPU generation (R17): how voltage follows the clock, the draw at zero clock, the clocks a device
 * offers, and the latency error that has to be declared. Figures and their standing: `power-curves.md` §3, "Default
 * parameters"; `tests/unit/optimizer-wasm/power_curve_sweeps_test.ts` holds them to the published sweeps.
 * @module
 */

import type { SystemSpec } from "./system_spec.ts";

/** The curve of one GPU: P(x) = P0 + (Pu − P0)·g(x), g(x) = x·max(vmin, 1 − s(1 − x))². */
export interface PowerCurve {
  /** Lowest voltage relative to the one at the uncapped clock. */
  readonly vmin: number;
  /** Slope of voltage over clock, s. */
  readonly slope: number;
  /** Draw extrapolated to zero clock, P0, watts. */
  readonly staticWatts: number;
  /** Declared latency error, relative, by cap ÷ own draw: from 0.8, from 0.6, from 0.45, below. */
  readonly errors: readonly [number, number, number, number];
  readonly clockStepMhz: number;
  readonly maxClockMhz: number;
  readonly minClockMhz: number;
  /** What the parameters rest on, for people. */
  readonly standing: string;
}

/** Lower ends of the bands of {@linkcode PowerCurve.errors}. */
export const ERROR_BANDS = [0.8, 0.6, 0.45, 0] as const;

/** Share of the TDP that a GPU without a figure of its own is taken to draw at zero clock. */
const UNKNOWN_STATIC_SHARE = 0.15;

const AMPERE: PowerCurve = {
  vmin: 0.75,
  slope: 1.2,
  staticWatts: 70,
  errors: [0.04, 0.1, 0.25, 0.4],
  clockStepMhz: 15,
  maxClockMhz: 1410,
  minClockMhz: 210,
  standing: "one A100 clock sweep",
};

const HOPPER: PowerCurve = {
  vmin: 0.82,
  slope: 0.85,
  staticWatts: 80,
  errors: [0.04, 0.1, 0.2, 0.4],
  clockStepMhz: 15,
  maxClockMhz: 1980,
  minClockMhz: 345,
  standing: "H100 training and vision cap sweeps, transcribed",
};

const H200: PowerCurve = {
  ...HOPPER,
  staticWatts: 110,
  standing: "H100 cap sweeps; the static draw of H200 is a guess",
};

const BLACKWELL: PowerCurve = {
  vmin: 0.78,
  slope: 0.7,
  staticWatts: 200,
  errors: [0.06, 0.2, 0.35, 0.5],
  // B200 reports steps of 7 and 8 MHz in turn.
  clockStepMhz: 7.5,
  maxClockMhz: 1965,
  minClockMhz: 300,
  standing: "B300 kernels and B200 decode; no prefill sweep",
};

/** Ada and the workstation Blackwell. */
const WORKSTATION: PowerCurve = {
  vmin: 0.84,
  slope: 1.2,
  staticWatts: 70,
  errors: [0.04, 0.06, 0.15, 0.4],
  clockStepMhz: 15,
  maxClockMhz: 2500,
  minClockMhz: 210,
  standing: "dense sweeps of RTX 4090, 5090 and PRO 6000",
};

/** The curve of a system's GPU; one that nobody measured has the global fit and a cautious static draw. */
export function powerCurveOf(
  { name, smVersion, tdpWatts }: Pick<
    SystemSpec,
    "name" | "smVersion" | "tdpWatts"
  >,
): PowerCurve {
  if (smVersion >= 120 || smVersion === 89) return WORKSTATION;
  if (smVersion >= 100) return BLACKWELL;
  if (smVersion >= 90) return name.startsWith("h200") ? H200 : HOPPER;
  if (smVersion === 80) return AMPERE;
  return {
    vmin: 0.82,
    slope: 1.2,
    staticWatts: UNKNOWN_STATIC_SHARE * tdpWatts,
    errors: [0.05, 0.15, 0.3, 0.5],
    clockStepMhz: 15,
    maxClockMhz: 1980,
    minClockMhz: 300,
    standing: "one curve fitted over all sweeps",
  };
}
