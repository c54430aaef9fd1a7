/** Puts a question to the product's engine and brings its reply into the common form. @module */

import {
  type EngineEstimator,
  type EstimatorOpener,
  type MemoryAnswer,
} from "../../../optimizer-wasm/mod.ts";
import { checkQuery } from "../../../optimizer-wasm/query_check.ts";
import { refusalError } from "../../../optimizer-wasm/refusal.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import type { Ask, Question } from "../../peer/queries.ts";
import type { OperatorValue, Verdict } from "../../peer/verdict.ts";

/** Asks the product. A failure without a code of the product is thrown on. */
export async function askProduct(
  opener: EstimatorOpener,
  { engine, ask }: Question,
): Promise<Verdict> {
  try {
    return answer(await opener.open(engine), ask);
  } catch (error) {
    if (!(error instanceof WattkeeperError)) throw error;
    return { codes: [error.code], message: error.message };
  }
}

function answer(estimator: EngineEstimator, ask: Ask): Verdict {
  switch (ask.kind) {
    case "static": {
      const { batch: batchSize, isl, osl, prefix, stride } = ask;
      const { context, generation } = estimator.staticRun({
        batchSize,
        isl,
        osl,
        prefix,
        stride,
      });
      return {
        values: {
          context_ms: context.latencyMs,
          context_wms: context.energyWms,
          generation_ms: generation.latencyMs,
          generation_wms: generation.energyWms,
        },
        operators: [
          ...operators(estimator, "context"),
          ...osl > 1 ? operators(estimator, "generation") : [],
        ],
      };
    }
    case "decode": {
      const step = estimator.decodeStep({
        batchSize: ask.batch,
        kvLength: ask.kv,
      });
      return {
        values: { ms: step.latencyMs, wms: step.energyWms },
        operators: operators(estimator, "generation"),
      };
    }
    case "mixed": {
      const { ctx, gen, isl, osl, prefix } = ask;
      checkQuery({ batchSize: 1, isl, osl, prefix });
      const drafts = estimator.engineCase.nextn ?? 0;
      const { program } = estimator;
      const status = program.mixed(ctx, gen, isl, osl, prefix, drafts);
      if (status !== 0) {
        throw refusalError(
          estimator.engineCase,
          program.refusal(status, "context"),
        );
      }
      const [ms = 0, wms = 0] = program.output;
      return { values: { ms, wms } };
    }
    case "agg": {
      const { batch: batchSize, ctx: contextTokens, isl, osl, prefix } = ask;
      const found = estimator.agg({
        batchSize,
        contextTokens,
        isl,
        osl,
        prefix,
      });
      const memory = estimator.memory("agg", {
        batchSize,
        contextTokens,
        isl,
        osl,
        prefix,
      });
      return {
        values: {
          ttft_ms: found.ttftMs,
          tpot_ms: found.tpotMs,
          request_ms: found.requestMs,
          tokens_per_second: found.tokensPerSecond,
          watts: found.measuredWatts,
          ...memoryValues(memory),
        },
      };
    }
    case "memory": {
      const { worker, batch: batchSize, isl, osl, prefix } = ask;
      return {
        values: memoryValues(
          estimator.memory(worker, { batchSize, isl, osl, prefix }),
        ),
      };
    }
    case "kv_capacity":
      return {
        values: {
          tokens: estimator.kvCapacityTokens({
            maxBatchedTokens: ask.tokens,
            isl: 1024,
          }),
        },
      };
  }
}

function operators(
  estimator: EngineEstimator,
  phase: "context" | "generation",
): OperatorValue[] {
  return estimator.operators(phase).map((it) => ({
    name: it.name,
    ms: it.latencyMs,
    wms: it.energyWms,
  }));
}

function memoryValues(memory: MemoryAnswer) {
  return {
    weights_bytes: memory.weightsBytes,
    activations_bytes: memory.activationsBytes,
    kv_bytes: memory.kvBytes,
    nccl_bytes: memory.ncclBytes,
    other_bytes: memory.otherBytes,
    total_bytes: memory.totalBytes,
    fits: memory.fits ? 1 : 0,
  };
}
