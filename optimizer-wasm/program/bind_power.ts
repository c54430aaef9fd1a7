/**
 * Where an operator's watts come from (R53): its own tables where all rows have power, else their powered rows, else
 * those of another version or backend, else the model of its family.
 * @module
 */

import type { PackSlice } from "../data/pack/format.ts";
import {
  familyModelOf,
  type MeasuredFamily,
  type PowerFamily,
  type PowerInterval,
  type PowerModel,
} from "../data/power_model.ts";
import type { OpSpec } from "../graph/op_spec.ts";
import { type BindContext, readsTables } from "./bind_context.ts";
import type { Tables } from "./tables.ts";
import {
  type Address,
  type WasmExports,
  WATTS_SOURCE,
} from "./wasm_exports.ts";

/** What binding power needs, made once an engine. */
export interface PowerContext {
  readonly model: PowerModel;
  /** Powered rows of the pack itself; absent in the roofline. */
  readonly own: Tables | undefined;
  /** Powered rows of other packs of the system, the nearest first. */
  readonly donors: readonly Tables[];
  /** Families written to the module's memory so far, by name and backend. */
  readonly families: Map<string, Address>;
}

/** Least share of an operator's time that scales with the clock (`power-curves.md` §3); communication has none. */
const LEAST_CLOCK_SHARE = 0.1;

/** The family that an operator draws like; blocks draw as their children do. */
export function powerFamilyOf(kind: OpSpec["kind"]): PowerFamily {
  switch (kind) {
    case "memory":
      return "memory";
    case "gemm":
    case "mla_bmm":
    case "fallback":
    case "overlap":
      return "gemm";
    case "context_attention":
      return "contextAttention";
    case "generation_attention":
      return "generationAttention";
    case "context_mla":
      return "contextLatent";
    case "generation_mla":
      return "generationLatent";
    case "moe":
      return "moe";
    case "p2p":
    case "all_reduce":
    case "nccl":
    case "all_to_all":
      return "communication";
  }
}

/** An operator just bound. */
interface Bound {
  readonly address: Address;
  /** Slices of the pack that it looks up. */
  readonly used: readonly PackSlice[];
  /** Binds the same operator over other tables. */
  readonly bind: (context: BindContext) => Address;
}

/** Tells an operator where its watts come from. */
export function bindPower(
  context: BindContext,
  op: OpSpec,
  { address, used, bind }: Bound,
): void {
  const { wasm, power } = context;
  const family = powerFamilyOf(op.kind);
  const whole = used.length > 0 &&
    used.every((slice) => slice.poweredLeaves === slice.leaves);
  wasm.setPower(
    address,
    familyAddress(context, family),
    whole,
    family === "communication" ? 0 : LEAST_CLOCK_SHARE,
  );
  if (!isLookedUp(op, family) || !readsTables(context.mode)) return;
  const over = (tables: Tables): Address => bind(wattsContext(context, tables));
  const some = used.some((slice) => slice.poweredLeaves > 0);
  if (!whole && some && power.own !== undefined) {
    const rows = over(power.own);
    if (wasm.hasRows(rows)) wasm.setPoweredRows(address, rows);
  }
  if (whole) return;
  for (const donor of power.donors) {
    const rows = over(donor);
    if (!wasm.hasRows(rows)) continue;
    const { low, high } = borrowedInterval(context, family, donor);
    wasm.setBorrowed(address, rows, low, high);
    return;
  }
}

/** Blocks have no rows of their own; communication and memory operators are not measured. */
function isLookedUp(
  { kind }: OpSpec,
  family: PowerFamily,
): family is MeasuredFamily {
  return family !== "communication" && family !== "memory" &&
    kind !== "fallback" && kind !== "overlap";
}

/** The same backend's kernels differ by what its rows do among each other, another's by what backends do. */
function borrowedInterval(
  { backend, power: { model } }: BindContext,
  family: MeasuredFamily,
  donor: Tables,
): PowerInterval {
  return donor.directory.identity.backend === backend
    ? model.measured[family]
    : model.borrowed[family];
}

/** Binds for watts alone: no transfers, and no index of what lies beyond the tables. */
function wattsContext(context: BindContext, tables: Tables): BindContext {
  const { wasm } = context;
  const quiet: WasmExports = { ...wasm, setGrid: wasm.setPowerGrid };
  return { ...context, wasm: quiet, tables, mode: "SILICON" };
}

/** Doubles of a family in the module's memory, as `assembly/power.ts` reads them. */
function familyAddress(context: BindContext, family: PowerFamily): Address {
  const { wasm, backend, power: { model, families } } = context;
  const key = `${family}|${backend}`;
  const known = families.get(key);
  if (known !== undefined) return known;
  const { coefficients, interval } = familyModelOf(model, family, backend);
  const measured = family === "communication"
    ? { low: 1, high: 1 }
    : model.measured[family];
  const values = [
    ...coefficients,
    interval.low,
    interval.high,
    measured.low,
    measured.high,
    WATTS_SOURCE.modelled,
  ];
  const address = wasm.reserve(values.length * 8);
  new Float64Array(wasm.memory.buffer, address, values.length).set(values);
  families.set(key, address);
  return address;
}
