/** The configuration in force: the file's, with what the control API changed on top, and its generation (R2, P7). @module */

import type { PlannerConfig } from "../config/mod.ts";
import type { CapacityModel } from "../core/mod.ts";

/** Floors and GPU budgets as the control API changes them; absent keys are the file's. `-1` is no limit. */
export interface Overlay {
  readonly prefillFloor?: number;
  readonly decodeFloor?: number;
  readonly aggFloor?: number;
  readonly minGpus?: number;
  readonly maxGpus?: number;
}

/** What decisions are made with. */
export interface InForce {
  readonly config: PlannerConfig;
  readonly model: CapacityModel;
  /** Grows with every change; what was computed under an older one is not carried out (P7). */
  readonly generation: number;
}

/** The settings of a running planner. */
export class Settings {
  #file: PlannerConfig;
  #model: CapacityModel;
  #overlay: Overlay = {};
  #generation = 1;
  #inForce: InForce;
  readonly #listeners = new Set<() => void>();

  constructor(config: PlannerConfig, model: CapacityModel) {
    this.#file = config;
    this.#model = model;
    this.#inForce = { config, model, generation: 1 };
  }

  current(): InForce {
    return this.#inForce;
  }

  /** A valid new file. A value that changed in the file wins over what the control API said about it before. */
  reload(config: PlannerConfig, model: CapacityModel = this.#model): void {
    const before = overlayOf(this.#file);
    const after = overlayOf(config);
    this.#overlay = Object.fromEntries(
      OVERLAY_KEYS.flatMap((key) => {
        const value = this.#overlay[key];
        return value !== undefined && before[key] === after[key]
          ? [[key, value]]
          : [];
      }),
    );
    this.#file = config;
    this.#model = model;
    this.#next();
  }

  /** What the control API changed; the caller has checked it. */
  patch(change: Overlay): void {
    this.#overlay = { ...this.#overlay, ...change };
    this.#next();
  }

  /** Calls back after every change. @returns a function that stops it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #next(): void {
    this.#generation++;
    this.#inForce = {
      config: withOverlay(this.#file, this.#overlay),
      model: this.#model,
      generation: this.#generation,
    };
    for (const listener of this.#listeners) listener();
  }
}

const OVERLAY_KEYS = [
  "prefillFloor",
  "decodeFloor",
  "aggFloor",
  "minGpus",
  "maxGpus",
] as const;

/** A configuration with changed floors and GPU budgets. */
export function withOverlay(
  config: PlannerConfig,
  overlay: Overlay,
): PlannerConfig {
  const limit = (changed: number | undefined, file: number | undefined) =>
    changed === undefined ? file : changed < 0 ? undefined : changed;
  return {
    ...config,
    floors: {
      prefill: overlay.prefillFloor ?? config.floors.prefill,
      decode: overlay.decodeFloor ?? config.floors.decode,
      agg: overlay.aggFloor ?? config.floors.agg,
    },
    minGpus: limit(overlay.minGpus, config.minGpus),
    maxGpus: limit(overlay.maxGpus, config.maxGpus),
  };
}

function overlayOf(config: PlannerConfig): Overlay {
  return {
    prefillFloor: config.floors.prefill,
    decodeFloor: config.floors.decode,
    aggFloor: config.floors.agg,
    minGpus: config.minGpus ?? -1,
    maxGpus: config.maxGpus ?? -1,
  };
}
