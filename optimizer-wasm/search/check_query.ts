/** Checks a fleet query field by field. @module */

import { WattkeeperError } from "../../service/portable.ts";
import { MOST } from "../query_check.ts";
import type { FleetQuery, WorkerSide } from "./question.ts";
import { floorOf } from "./setting.ts";

/** Caps that the module has a place for; no GPU or module takes more. */
const MOST_CAP_WATTS = 4095;
const SIDES: readonly WorkerSide[] = ["prefill", "decode", "agg"];

function refuse(field: string, found: unknown, wanted: string): never {
  throw new WattkeeperError(
    "invalid_value",
    `${field} must be ${wanted}, found ${found}.`,
    { where: field },
  );
}

function integer(field: string, value: number, low: number, high: number) {
  if (!Number.isSafeInteger(value) || value < low || value > high) {
    refuse(field, value, `an integer from ${low} to ${high}`);
  }
}

function positive(field: string, value: number | undefined) {
  if (value !== undefined && !(value > 0 && Number.isFinite(value))) {
    refuse(field, value, "a number above 0");
  }
}

function share(field: string, value: number | undefined) {
  if (value !== undefined && !(value >= 0 && value <= 1)) {
    refuse(field, value, "a number from 0 to 1");
  }
}

/**
 * @throws {WattkeeperError} `invalid_value`, naming the field
 */
export function checkFleetQuery(query: FleetQuery): void {
  integer("isl", query.isl, 1, MOST.isl);
  // A decode worker makes the tokens after the first.
  integer("osl", query.osl, 2, MOST.osl);
  integer("prefix", query.prefix ?? 0, 0, query.isl - 1);
  positive("ttft_ms", query.ttftMs);
  positive("itl_ms", query.itlMs);
  if (query.totalGpus !== undefined) {
    integer("total_gpus", query.totalGpus, 1, 1_000_000);
  }
  positive("power_budget_watts", query.budgetWatts);
  if (query.requestRate !== undefined) {
    if (!(query.requestRate >= 0 && Number.isFinite(query.requestRate))) {
      refuse("request_rate", query.requestRate, "a number of at least 0");
    }
  }
  share("admission_max_theta_prefill", query.maxThetaPrefill);
  share("admission_max_theta_decode", query.maxThetaDecode);
  if (query.operatingPoint !== undefined) {
    integer("batch_size", query.operatingPoint.batchSize, 1, MOST.batchSize);
  }
  if (query.top !== undefined) integer("top", query.top, 1, 64);
  for (const name of ["floors", "ceilings"] as const) {
    for (const [side, value] of Object.entries(query[name] ?? {})) {
      integer(`${name}.${side}`, value, 0, 1_000_000);
    }
  }
  for (const side of SIDES) {
    const ceiling = query.ceilings?.[side] ?? Infinity;
    const floor = floorOf(query.floors)(side);
    if (ceiling < floor) {
      refuse(`ceilings.${side}`, ceiling, `at least the floor of ${floor}`);
    }
  }
  const { caps, capRange } = query;
  if (caps.kind === "fixed") {
    for (const [side, watts] of Object.entries(caps.watts)) {
      positive(`${side}_cap_watts`, watts);
    }
  }
  if (
    capRange &&
    !(capRange.minWatts > 0 && capRange.maxWatts <= MOST_CAP_WATTS &&
      Math.ceil(capRange.minWatts) <= Math.floor(capRange.maxWatts))
  ) {
    refuse(
      "cap_range",
      `${capRange.minWatts} to ${capRange.maxWatts}`,
      `a range of watts with a whole number in it, its lower end first, at most ${MOST_CAP_WATTS}`,
    );
  }
}
