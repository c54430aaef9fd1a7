/**
 * One phase under a cap (R17, `power-curves.md` §3): its sums, and what it takes and draws at any clock. The decision is
 * in `docs/decisions/0020-one-clock-a-phase.md`; `optimizer-wasm/power_curve.ts` is the same in TypeScript.
 */

import * as power from "../power_sums";
import { staticWatts, voltageFloor, voltageSlope } from "./setting";

/** Share of a cap that regulation reaches. */
const REGULATION: f64 = 0.97;

@unmanaged
export class PhasePower {
  /** Σ T0, and the part that scales with the clock, ms. */
  ms: f64;
  clockMs: f64;
  /** Σ T0·Pu and its clock-bound part, W·ms: as expected, and at the upper end that caps are sized with. */
  energy: f64;
  clockEnergy: f64;
  energyHigh: f64;
  clockEnergyHigh: f64;
  /** Time whose watts are measured, borrowed, modelled, ms. */
  measuredMs: f64;
  borrowedMs: f64;
  modelledMs: f64;

  /** Takes the sums that were made last. */
  take(): void {
    this.ms = power.sumMs;
    this.clockMs = power.sumClockMs;
    this.energy = power.energy();
    this.clockEnergy = power.clockEnergy();
    this.energyHigh = power.energyHigh();
    this.clockEnergyHigh = power.clockEnergyHigh();
    this.measuredMs = power.measuredMs;
    this.borrowedMs = power.borrowedMs;
    this.modelledMs = power.modelledMs;
  }

  /** Takes a share of the phase as clock-bound that live points refined; 0 leaves the operators' own. */
  refine(share: f64): void {
    if (!(share > 0.0)) return;
    this.clockMs = share * this.ms;
    this.clockEnergy = share * this.energy;
    this.clockEnergyHigh = share * this.energyHigh;
  }

  clear(): void {
    memory.fill(changetype<usize>(this), 0, offsetof<PhasePower>());
  }

  /** Time at a clock ÷ uncapped time. */
  slowdown(clock: f64): f64 {
    if (clock == 1.0 || !(this.ms > 0.0)) return 1.0;
    return (this.clockMs / clock + this.ms - this.clockMs) / this.ms;
  }

  /** Mean draw at a clock, watts. */
  draw(clock: f64): f64 {
    return this.drawOf(clock, this.energy, this.clockEnergy);
  }

  /** The same at the upper end of the interval. */
  drawHigh(clock: f64): f64 {
    return this.drawOf(clock, this.energyHigh, this.clockEnergyHigh);
  }

  private drawOf(clock: f64, energy: f64, clockEnergy: f64): f64 {
    if (!(this.ms > 0.0)) return 0.0;
    if (clock == 1.0) return energy / this.ms;
    const rest = this.ms - this.clockMs;
    const ms = this.clockMs / clock + rest;
    const floor = staticWatts();
    const dynamic = (clockEnergy - floor * this.clockMs) / clock + energy -
      clockEnergy - floor * rest;
    return floor + dynamicShare(clock) * dynamic / ms;
  }

  /** Lowest whole-watt cap that lets the phase run at `clock` below 1. @param coefficient R10's max(1, c) */
  capFor(clock: f64, coefficient: f64): f64 {
    return Math.ceil(this.drawHigh(clock) * coefficient / REGULATION);
  }

  /** Whether `clock` below 1 keeps a cap. */
  keeps(clock: f64, cap: f64, coefficient: f64): bool {
    return this.drawHigh(clock) * coefficient <= cap * REGULATION;
  }
}

/** g(x): dynamic power at a clock relative to that at the uncapped one. */
function dynamicShare(clock: f64): f64 {
  const voltage = max(voltageFloor(), 1.0 - voltageSlope() * (1.0 - clock));
  return clock * voltage * voltage;
}
