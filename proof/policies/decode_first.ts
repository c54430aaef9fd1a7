/** The reference's sweep as a baseline: as many decode replicas as the watts allow, then prefill with the rest. @module */

import type {
  CapacityModel,
  FleetAnswer,
  FleetQuestion,
} from "../../planner/portable_planner.ts";

/** A model whose search gives decode all that fits beside the prefill floor. Caps are the own draws. */
export function decodeFirst(model: CapacityModel): CapacityModel {
  return {
    ...model,
    searchFleet: (question) => search(model, question),
  };
}

function search(model: CapacityModel, question: FleetQuestion): FleetAnswer {
  const best = model.searchFleet({ ...question, caps: { kind: "own_draw" } });
  if (best.kind !== "fleet") return best;
  const prefill = best.best.sides.prefill?.point;
  const decode = best.best.sides.decode?.point;
  if (!prefill || !decode) return best;
  const gpus = {
    prefill: model.gpusPerReplica.prefill ?? 1,
    decode: model.gpusPerReplica.decode ?? 1,
  };
  const watts = {
    prefill: gpus.prefill * (prefill.capWatts ?? prefill.drawWatts),
    decode: gpus.decode * (decode.capWatts ?? decode.drawWatts),
  };
  const budgetWatts = question.budgetWatts ?? Infinity;
  const maxGpus = question.maxGpus ?? Infinity;
  const most = (
    side: "prefill" | "decode",
    spentWatts: number,
    spent: number,
  ) =>
    Math.floor(Math.min(
      (budgetWatts - spentWatts) / watts[side],
      (maxGpus - spent) / gpus[side],
      question.ceilings[side] ?? Infinity,
    ));
  const floor = question.floors.prefill ?? 1;
  const decodes = most("decode", floor * watts.prefill, floor * gpus.prefill);
  const prefills = most(
    "prefill",
    decodes * watts.decode,
    decodes * gpus.decode,
  );
  const requestsPerSecond = Math.min(
    prefills * prefill.requestsPerSecond,
    decodes * decode.requestsPerSecond,
  );
  return {
    ...best,
    best: {
      ...best.best,
      sides: {
        prefill: { replicas: prefills, point: prefill },
        decode: { replicas: decodes, point: decode },
      },
      requestsPerSecond,
      tokensPerSecond: requestsPerSecond * question.oslTokens,
      gpus: prefills * gpus.prefill + decodes * gpus.decode,
      watts: prefills * watts.prefill + decodes * watts.decode,
    },
  };
}
