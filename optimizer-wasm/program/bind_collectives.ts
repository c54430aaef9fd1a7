/** Collectives: all-reduce, NCCL, all-to-all (`aic-engine.md` §5.5–5.7, §5.10). @module */

import type { PackSlice } from "../data/pack/format.ts";
import type { SystemSpec } from "../data/system_spec.ts";
import type { AllReduceOp, AllToAllOp, NcclOp } from "../graph/op_spec.ts";
import {
  type BindContext,
  newOp,
  readsSamples,
  readsTables,
} from "./bind_context.ts";
import { sampled } from "./transfer.ts";
import { type Address, KIND, STATUS } from "./wasm_exports.ts";

/** Communication runs in half precision. */
const BYTES_PER_ELEMENT = 2;
/** Rack-scale systems all-reduce with NCCL above this many GPUs. */
const RACK_GPUS_PER_NODE = 72;
const RACK_CUSTOM_ALL_REDUCE_GPUS = 4;

/** Bandwidth tier of a collective over `gpus`, bytes/s (§1.3). */
export function p2pBandwidth(system: SystemSpec, gpus: number): number {
  if (gpus <= system.gpusPerNode) return system.intraNodeBytesPerSecond;
  if (gpus <= (system.gpusPerRack ?? Infinity)) {
    return system.interNodeBytesPerSecond;
  }
  return system.interRackBytesPerSecond ?? system.interNodeBytesPerSecond;
}

/** How a collective is bound once its curve is known. */
interface MessageBinding {
  /** Elements a token. */
  readonly width: number;
  readonly tokenMultiple: number;
  readonly solMsPerElement: number;
  /** The same for the GPUs that the slice was measured with. */
  readonly measuredSolMsPerElement: number;
  readonly slice: PackSlice | undefined;
  /** Factor on the curve when more GPUs take part than were measured. */
  readonly beyond: number;
}

function bindMessage(
  context: BindContext,
  op: AllReduceOp | NcclOp | AllToAllOp,
  binding: MessageBinding,
): Address {
  const { wasm, tables, mode } = context;
  const address = newOp(context, op, KIND.message, binding.tokenMultiple);
  wasm.setMessage(
    address,
    binding.width,
    binding.solMsPerElement,
    binding.beyond,
  );
  if (op.isDispatch === true) wasm.setDispatch(address);
  if (readsTables(mode)) {
    wasm.setGrid(address, tables?.grid(binding.slice) ?? 0);
  }
  if (
    readsSamples(mode) && binding.slice !== undefined &&
    sampled(context, binding.slice)
  ) {
    const reference = newOp(context, op, KIND.message);
    wasm.setMessage(reference, 1, binding.measuredSolMsPerElement, 1);
    wasm.setGrid(reference, tables?.grid(binding.slice) ?? 0);
    wasm.setReference(address, reference, 1);
  }
  return address;
}

/** A collective over one GPU is nothing. */
function nothing(
  context: BindContext,
  op: AllReduceOp | NcclOp | AllToAllOp,
): Address {
  const address = newOp(context, op, KIND.linear);
  context.wasm.setLinear(address, 0, 0, 0);
  return address;
}

/** Binds a custom all-reduce. */
export function bindAllReduce(context: BindContext, op: AllReduceOp): Address {
  const { system } = context;
  const { gpus } = op;
  if (gpus <= 1) return nothing(context, op);
  const perNode = system.gpusPerNode;
  if (
    perNode === RACK_GPUS_PER_NODE && gpus > RACK_CUSTOM_ALL_REDUCE_GPUS &&
    readsTables(context.mode)
  ) {
    return bindNccl(context, {
      ...op,
      kind: "nccl",
      operation: "all_reduce",
      tokenMultiple: 1,
    });
  }
  // A width that the table has is used as it is; another is carried over from a full node.
  const own = context.tables?.find("custom_allreduce", gpus);
  const measured = own === undefined ? Math.min(gpus, perNode) : gpus;
  const beyond = gpus > measured
    ? (gpus - 1) / gpus * (perNode / (perNode - 1)) *
      (p2pBandwidth(system, perNode) / p2pBandwidth(system, gpus))
    : 1;
  const sol = (width: number) =>
    2 * BYTES_PER_ELEMENT / width * (width - 1) /
    p2pBandwidth(system, width) * 1000;
  const address = bindMessage(context, op, {
    width: op.width,
    tokenMultiple: 1,
    solMsPerElement: sol(gpus),
    measuredSolMsPerElement: sol(Math.max(measured, 2)),
    slice: own ?? context.tables?.find("custom_allreduce", measured),
    beyond,
  });
  if (context.mode === "ROOFLINE") {
    context.roofline.collective(
      context.wasm,
      address,
      "custom_all_reduce",
      gpus,
    );
  }
  return address;
}

/** Binds an NCCL collective. */
export function bindNccl(context: BindContext, op: NcclOp): Address {
  const { system, tables } = context;
  const { gpus, operation } = op;
  if (gpus <= 1) return nothing(context, op);
  const most = Math.max(
    0,
    ...(tables?.of("nccl") ?? [])
      .filter((slice) => slice.key[0] === "half" && slice.key[1] === operation)
      .map((slice) => Number(slice.key[2])),
  );
  const measured = Math.min(gpus, most);
  const beyond = gpus > most && most > 1
    ? (gpus - 1) / gpus * (most / (most - 1)) *
      (p2pBandwidth(system, most) / p2pBandwidth(system, gpus))
    : 1;
  const phases = operation === "all_reduce" ? 2 : 1;
  const sol = (width: number) =>
    phases * BYTES_PER_ELEMENT * (width - 1) / width /
    p2pBandwidth(system, width) * 1000;
  const address = bindMessage(context, op, {
    width: op.width,
    tokenMultiple: op.tokenMultiple,
    solMsPerElement: sol(gpus),
    measuredSolMsPerElement: sol(Math.max(measured, 2)),
    slice: tables?.find("nccl", "half", operation, measured),
    beyond,
  });
  if (context.mode === "ROOFLINE") {
    context.roofline.collective(context.wasm, address, operation, gpus);
  }
  return address;
}

/**
 * Slice of an all-to-all: the exact (ep, nodes), else the rows of one full node.
 *
 * @param counts which slices count; all of them without
 */
export function allToAllSlice(
  context: Pick<BindContext, "tables" | "system">,
  op: Pick<
    AllToAllOp,
    | "phase"
    | "kernel"
    | "sms"
    | "hidden"
    | "topk"
    | "experts"
    | "moeEp"
    | "nodes"
  >,
  counts: (slice: PackSlice) => boolean = () => true,
): PackSlice | undefined {
  const at = (ep: number, nodes: number) => {
    const found = context.tables?.find(
      "moe_a2a",
      op.kernel,
      op.phase,
      "default",
      ep,
      nodes,
      op.hidden,
      op.topk,
      op.experts,
      op.sms,
    );
    return found !== undefined && counts(found) ? found : undefined;
  };
  return at(op.moeEp, op.nodes) ??
    (op.nodes > 1 ? at(context.system.gpusPerNode, 1) : undefined);
}

/** Binds dispatch or combine of large expert parallelism: a curve over tokens. */
export function bindAllToAll(context: BindContext, op: AllToAllOp): Address {
  if (context.mode === "EMPIRICAL" || context.mode === "SOL") {
    // There is no roofline of this exchange to transfer to.
    const refused = newOp(context, op, KIND.fail);
    context.wasm.setFailure(refused, STATUS.noEmpirical);
    return refused;
  }
  const solMsPerElement = op.hidden * BYTES_PER_ELEMENT /
    p2pBandwidth(context.system, op.moeEp) * 1000;
  // What the tables do not hold is refused in HYBRID too.
  const measured = context.mode === "HYBRID"
    ? { ...context, mode: "SILICON" as const }
    : context;
  return bindMessage(measured, op, {
    width: 1,
    tokenMultiple: 1,
    solMsPerElement,
    measuredSolMsPerElement: solMsPerElement,
    slice: allToAllSlice(context, op),
    beyond: 1,
  });
}
