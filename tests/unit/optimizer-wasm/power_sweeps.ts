/**
 * Published sweeps of clocks and caps (`power-curves.md` §2, whose marks and sources these are), as fixtures. Figures are
 * facts: watts, megahertz, and time relative to the uncapped point.
 * @module
 */

/** A sweep of locked clocks. */
export interface ClockSweep {
  readonly name: string;
  readonly source: string;
  readonly maxMhz: number;
  /** MHz, watts, time ÷ time at the highest clock. */
  readonly points: readonly (readonly [
    mhz: number,
    watts: number,
    time: number,
  ])[];
  /** c as the document fitted it. */
  readonly computeShare: number;
}

/** A sweep of caps; a draw that was not measured is fitted within its bounds. */
export interface CapSweep {
  readonly name: string;
  readonly source: string;
  readonly curve: "hopper" | "ampereConsumer" | "workstation";
  /** Cap (watts, or share of the own draw where it is 1) and time ÷ uncapped time. */
  readonly points: readonly (readonly [cap: number, time: number])[];
  readonly drawWatts: readonly [least: number, most: number];
  /** Rms latency error that the document reports for the defaults, with a margin for its rounding. */
  readonly rms: number;
}

const AMBER = "AyeshaAfzal91/GPU-Energy-Sweetspot";

/** Locked clocks with draw and time. */
export const CLOCK_SWEEPS: readonly ClockSweep[] = [
  {
    name: "H100, AMBER",
    source: `${AMBER} aa94b821, 742f24d4`,
    maxMhz: 1935,
    points: [
      [435, 124, 3.18],
      [1035, 188, 1.53],
      [1335, 258, 1.24],
      [1635, 372, 1.07],
      [1935, 464, 1],
    ],
    computeShare: 0.62,
  },
  {
    name: "A100 SXM, AMBER",
    source: `${AMBER} 78f77994`,
    maxMhz: 1410,
    points: [
      [510, 119, 2.26],
      [810, 144, 1.52],
      [1050, 173, 1.23],
      [1230, 222, 1.09],
      [1410, 320, 1],
    ],
    computeShare: 0.71,
  },
];

/** Caps with time. */
export const CAP_SWEEPS: readonly CapSweep[] = [
  {
    name: "H100 94 GB, LLaMA-3 8B continued pretraining",
    source: "arXiv 2603.16164 Table 4",
    curve: "hopper",
    points: [
      [200, 3.12],
      [300, 1.68],
      [400, 1.22],
      [500, 1.09],
      [600, 1.03],
      [700, 1],
    ],
    drawWatts: [560, 700],
    rms: 0.013,
  },
  {
    name: "H100 94 GB, ViT-L/16 training",
    source: "arXiv 2603.16164 Table 3",
    curve: "hopper",
    points: [
      [200, 2.63],
      [300, 1.42],
      [400, 1.18],
      [500, 1.09],
      [600, 1.03],
      [700, 1],
    ],
    drawWatts: [560, 700],
    rms: 0.026,
  },
  {
    name: "RTX 3090, dense prefill",
    source: "noonghunna/club-3090 4a29ab57 docs/img",
    curve: "ampereConsumer",
    points: [[0.9, 1.03], [0.8, 1.05], [0.7, 1.13], [0.6, 1.36], [0.5, 1.99]],
    drawWatts: [1, 1],
    rms: 0.04,
  },
  {
    name: "RTX 3090, MoE prefill",
    source: "noonghunna/club-3090 4a29ab57 docs/img",
    curve: "ampereConsumer",
    points: [[0.9, 1.02], [0.8, 1.05], [0.7, 1.12], [0.6, 1.3], [0.5, 1.86]],
    drawWatts: [1, 1],
    rms: 0.04,
  },
  {
    name: "RTX 4090, decode",
    source: "noonghunna/club-3090 4a29ab57 docs/img",
    curve: "workstation",
    points: [[300, 1.04], [260, 1.08], [230, 1.25]],
    drawWatts: [393, 393],
    rms: 0.05,
  },
  {
    name: "RTX PRO 6000, 14B decode, batch 1",
    source: "DarshEllisd/LLM-Power-Cap-Expt f59638c4",
    curve: "workstation",
    points: [
      [180, 3.03],
      [240, 1.83],
      [300, 1.37],
      [360, 1.15],
      [420, 1.06],
      [480, 1.02],
    ],
    drawWatts: [480, 600],
    rms: 0.045,
  },
  {
    name: "RTX PRO 6000, 8B decode, batch 1",
    source: "DarshEllisd/LLM-Power-Cap-Expt f59638c4",
    curve: "workstation",
    points: [[180, 1.69], [240, 1.19], [300, 1.06], [360, 1.02]],
    drawWatts: [300, 480],
    rms: 0.045,
  },
];

/** B300 (1,100 W), BF16 MMA kernels: "Practical Throughput Gain from Structured B Data", 2026-04-20. */
export const B300 = [
  // Own draw, cap, what the document's model gives (P0 200, 0.78, 0.7, c = 1), what was measured.
  [1100, 800, 1.18, 1.2],
  [1100, 600, 1.41, 1.51],
  [1100, 400, 2.73, 2.33],
  [787, 600, 1.18, 1.13],
  [787, 400, 1.79, 1.52],
] as const;
