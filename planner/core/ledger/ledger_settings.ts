/** What the ledger needs to know of the configuration. @module */

import type { PowerConfig } from "../../config/mod.ts";
import type { GpuWatts } from "../capacity.ts";

/** Choices that charges and steps depend on. */
export interface LedgerSettings {
  readonly startMode: "gate" | "prearm" | "none";
  /**
   * Agents arm idle GPUs before the kubelet starts (`Before=kubelet.service`). Without it `prearm` is charged like
   * `none` (`cap-protocol.md` §6).
   */
  readonly armedAtBoot: boolean;
  /** The gate stands in an init container only: a restart in place passes it by (§6). */
  readonly gateInInitContainerOnly: boolean;
  readonly capOwner: "planner" | "deployment";
  /** The planner's own safe default; agents that differ are an alarm. */
  readonly safeDefaultWatts: number;
  /** The SKU, for GPUs that no report describes. */
  readonly gpu: GpuWatts;
}

/** Settings of a configuration; the boot unit is not known to be there unless somebody says so. */
export function ledgerSettingsOf(
  power: PowerConfig,
  gpu: GpuWatts,
): LedgerSettings {
  return {
    startMode: power.startMode,
    armedAtBoot: false,
    gateInInitContainerOnly: false,
    capOwner: power.capOwner,
    safeDefaultWatts: power.safeDefaultWatts,
    gpu,
  };
}

/** Starts wait for us: what is not granted draws nothing (C21). */
export function isGated(settings: LedgerSettings): boolean {
  return settings.startMode === "gate" && settings.capOwner === "planner";
}
