/** What the ledger is told of the configuration. @module */

import type { PlannerConfig } from "../config/mod.ts";
import {
  type CapacityModel,
  type LedgerSettings,
  ledgerSettingsOf,
} from "../core/mod.ts";

/** Without power awareness nothing is charged, and the ledger looks at none of these. */
export function ledgerSettings(
  { power }: PlannerConfig,
  { gpu }: CapacityModel,
): LedgerSettings {
  return power ? ledgerSettingsOf(power, gpu) : {
    startMode: "none",
    armedAtBoot: false,
    gateInInitContainerOnly: false,
    capOwner: "deployment",
    safeDefaultWatts: gpu.maxWatts,
    gpu,
  };
}
