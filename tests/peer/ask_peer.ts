/** Puts a question to the peer and brings its reply into the common form. @module */

import type { EngineCase } from "../../optimizer-wasm/estimate_case.ts";
import type { ErrorCode } from "../../service/mod.ts";
import type { Peer, PeerEngine, PeerMemory, PeerPhase } from "./peer.ts";
import type { Question } from "./queries.ts";
import type { OperatorValue, Verdict } from "./verdict.ts";

const GIB = 2 ** 30;

/** Codes of ours that match an exception class of the peer. */
const CODES: Readonly<Record<string, readonly ErrorCode[]>> = {
  PerfDataNotAvailableError: ["not_measured"],
  InterpolationDataNotAvailableError: ["not_measured"],
  EmpiricalNotImplementedError: ["no_empirical"],
  MissingSystemFlopsError: ["missing_flops"],
  ValueError: ["invalid_layout", "invalid_value"],
  AssertionError: ["invalid_layout", "invalid_value"],
  RuntimeError: ["out_of_memory"],
  NotImplementedError: ["invalid_layout", "invalid_value"],
};

/** The peer's form of an engine case. */
export function peerEngine(
  engineCase: EngineCase,
  systemsPath?: string,
): PeerEngine {
  const { model, family, system, backend, backendVersion, layout, quant } =
    engineCase;
  return {
    ...(family === undefined ? {} : { family }),
    ...{ model, system, backend, version: backendVersion ?? "current" },
    ...(systemsPath === undefined ? {} : { systems_path: systemsPath }),
    mode: engineCase.databaseMode,
    ...(engineCase.transferPolicy === undefined
      ? {}
      : { policy: engineCase.transferPolicy }),
    layout: {
      tp: layout.tp,
      pp: layout.pp,
      dp: layout.dp,
      moe_tp: layout.moeTp,
      moe_ep: layout.moeEp,
      cp: layout.cp,
    },
    ...(quant === undefined ? {} : { quant }),
    nextn: engineCase.nextn ?? 0,
  };
}

/** Asks the peer. */
export async function askPeer(
  peer: Peer,
  { engine, ask }: Question,
  systemsPath?: string,
): Promise<Verdict> {
  const at = peerEngine(engine, systemsPath);
  switch (ask.kind) {
    case "static":
      return verdict(await peer.ask(at, ask), ({ context, generation }) => ({
        values: {
          context_ms: context.ms,
          context_wms: context.wms,
          generation_ms: generation.ms,
          generation_wms: generation.wms,
        },
        operators: operators(context, generation),
      }));
    case "decode": {
      const { batch, kv } = ask;
      const step = {
        kind: "static",
        mode: "static_gen",
        batch,
        isl: kv - 1,
        osl: 2,
      } as const;
      return verdict(await peer.ask(at, step), ({ generation }) => ({
        values: { ms: generation.ms, wms: generation.wms },
        operators: operators(generation),
      }));
    }
    case "mixed":
      return verdict(await peer.ask(at, ask), (parts) => {
        const all = [
          parts.shared,
          parts.context_attention,
          parts.decode_attention,
        ];
        return {
          values: {
            ms: all.reduce((sum, part) => sum + part.ms, 0),
            wms: all.reduce((sum, part) => sum + part.wms, 0),
          },
          operators: operators(...all),
        };
      });
    case "agg":
      return verdict(await peer.ask(at, ask), ({ row, memory }) => ({
        values: {
          ttft_ms: Number(row["ttft"]),
          tpot_ms: Number(row["tpot"]),
          request_ms: Number(row["request_latency"]),
          tokens_per_second: Number(row["tokens/s"]),
          watts: Number(row["power_w"]),
          ...memoryValues(memory),
        },
      }));
    case "memory": {
      const { worker: mode, batch, isl, osl, prefix } = ask;
      const reply = await peer.ask(at, {
        kind: "memory",
        mode,
        batch,
        isl,
        osl,
        prefix,
      });
      return verdict(reply, (memory) => ({ values: memoryValues(memory) }));
    }
    case "kv_capacity": {
      const reply = await peer.ask(at, {
        kind: "kv_capacity",
        max_num_tokens: ask.tokens,
        max_batch_size: 16,
        fraction: memoryFraction(engine),
      });
      return verdict(reply, (answer) => ({
        values: { tokens: Number(answer["total_kv_size_tokens"]) },
      }));
    }
  }
}

/** The backends' own fractions (`aic-engine.md` §8), which the peer wants spelt out. */
function memoryFraction({ backend, backendVersion = "" }: EngineCase): number {
  if (backend === "trtllm") return 0.9;
  if (backend === "sglang") return 0.88;
  return /^0\.(14|19)/.test(backendVersion) ? 0.9 : 0.92;
}

function verdict<Ok>(
  reply: { readonly ok: Ok } | {
    readonly error: string;
    readonly message: string;
  },
  read: (ok: Ok) => Verdict,
): Verdict {
  if ("ok" in reply) return read(reply.ok);
  const codes = CODES[reply.error];
  if (codes === undefined) {
    throw new Error(`The peer failed with ${reply.error}: ${reply.message}`);
  }
  const message = `${reply.error}: ${reply.message}`;
  const isMemory = message.includes("no KV budget");
  return { codes: isMemory ? ["out_of_memory"] : codes, message };
}

function operators(...phases: readonly PeerPhase[]): OperatorValue[] {
  return phases.flatMap((phase) =>
    phase.operators.map(([name, ms, wms]) => ({ name, ms, wms }))
  );
}

function memoryValues({ gib, oom, kv_oom: kvOom }: PeerMemory) {
  const bytes = (name: string) => (gib[name] ?? 0) * GIB;
  return {
    weights_bytes: bytes("weights"),
    activations_bytes: bytes("activations"),
    kv_bytes: bytes("kvcache"),
    nccl_bytes: bytes("nccl"),
    other_bytes: bytes("others"),
    total_bytes: bytes("total"),
    fits: oom || kvOom ? 0 : 1,
  };
}
