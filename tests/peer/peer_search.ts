/** Runs the peer's own search, `aiconfigurator cli default`, and reads what it saved. @module */

import type { FleetPlan, PlannedSide } from "./fleet_plan.ts";
import type { SearchQuestion } from "./search_questions.ts";

/** What the peer's command said, and what it took. */
export interface PeerSearch {
  readonly plan: FleetPlan;
  /** Tokens a second as it reports them, over the whole cluster. */
  readonly tokensPerSecond: number;
  readonly version: string;
  /** Of the search alone, as it logs it, and of the whole command, seconds; CPU seconds and peak memory of the command. */
  readonly searchSeconds: number;
  readonly commandSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** Runs a command as a child and tells its CPU seconds and peak memory at the end of standard error. */
const METER = `
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("\\nMETER", used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=sys.stderr)
sys.exit(code)
`;

/** What a metered command took. */
export interface Metered {
  readonly text: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** Runs a command under the meter. */
export async function metered(
  python: string,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Metered> {
  const start = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: ["-c", METER, ...command],
    env,
  }).output();
  const seconds = (performance.now() - start) / 1000;
  const decoder = new TextDecoder();
  const complaints = decoder.decode(stderr);
  if (!success) {
    throw new Error(`${command.join(" ")} failed: ${complaints.slice(-1500)}`);
  }
  const found = /METER (\S+) (\S+)\s*$/.exec(complaints);
  return {
    text: decoder.decode(stdout) + complaints,
    seconds,
    cpuSeconds: Number(found?.[1]),
    peakMiB: Number(found?.[2]),
  };
}

/** Asks the peer's search. */
export async function askPeerSearch(
  python: string,
  question: SearchQuestion,
): Promise<PeerSearch> {
  const folder = await Deno.makeTempDir({ prefix: "wattkeeper-peer-search-" });
  try {
    const took = await metered(python, [
      ...[python, "-m", "aiconfigurator.main", "cli", "default"],
      ...["--model-path", question.model, "--system", question.system],
      ...["--backend", question.backend],
      ...["--total-gpus", `${question.totalGpus}`],
      ...["--isl", `${question.isl}`, "--osl", `${question.osl}`],
      ...["--ttft", `${question.ttftMs}`, "--tpot", `${question.itlMs}`],
      ...["--save-dir", folder],
    ]);
    const searched = /completed in ([\d.]+) seconds/.exec(took.text);
    return {
      ...await readAnswer(folder, question.totalGpus),
      searchSeconds: Number(searched?.[1]),
      commandSeconds: took.seconds,
      cpuSeconds: took.cpuSeconds,
      peakMiB: took.peakMiB,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

type Row = Readonly<Record<string, string>>;

/** The first row of both modes, the better one; aggregated on a tie (`aic-engine.md` §11.5). */
async function readAnswer(folder: string, totalGpus: number) {
  const [agg, disagg] = await Promise.all([
    firstRow(folder, "agg"),
    firstRow(folder, "disagg"),
  ]);
  const rate = (row: Row | undefined) =>
    row ? Number(row["tokens/s/gpu_cluster"]) : -1;
  const best = rate(disagg) > rate(agg) ? disagg : agg;
  if (!best) throw new Error("The peer's search saved no answer.");
  const size = Number(best["num_total_gpus"]);
  const units = Math.floor(totalGpus / size);
  const plan: FleetPlan = best === disagg
    ? {
      mode: "disagg",
      prefill: sideOf(best, "(p)", units * Number(best["(p)workers"])),
      decode: sideOf(best, "(d)", units * Number(best["(d)workers"])),
    }
    : {
      mode: "agg",
      workers: {
        ...sideOf(best, "", units),
        contextTokens: Number(best["ctx_tokens"]),
      },
    };
  return {
    plan,
    tokensPerSecond: rate(best) * totalGpus,
    version: best[best === disagg ? "(d)version" : "version"] ?? "",
  };
}

function sideOf(row: Row, prefix: string, replicas: number): PlannedSide {
  const number = (name: string) => Number(row[`${prefix}${name}`] ?? 1);
  return {
    replicas,
    batchSize: number("bs"),
    layout: {
      tp: number("tp"),
      pp: number("pp"),
      dp: number("dp"),
      moeTp: number("moe_tp"),
      moeEp: number("moe_ep"),
      cp: number("cp"),
    },
  };
}

async function firstRow(
  folder: string,
  mode: string,
): Promise<Row | undefined> {
  for (const path of filesBelow(folder)) {
    if (!path.endsWith(`/${mode}/best_config_topn.csv`)) continue;
    const [head = "", first = ""] = (await Deno.readTextFile(path)).split("\n");
    if (first.trim() === "") return undefined;
    const names = head.trim().split(",");
    const values = first.trim().split(",");
    return Object.fromEntries(
      names.map((name, index) => [name, values[index] ?? ""]),
    );
  }
  return undefined;
}

function* filesBelow(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(path);
    else yield path;
  }
}
