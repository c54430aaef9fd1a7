/**
 * The fleet search beside the peer's own in the same run (`SPEC.md` §14): answers judged by the peer's engine, times,
 * memory, and how the time grows. `deno run -A tests/bench/search_figures.ts [NAME…]` asks some of the questions alone.
 * @module
 */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { PACK_FORMAT_VERSION } from "../../optimizer-wasm/data/pack/mod.ts";
import {
  type FleetResult,
  openFleetSearch,
} from "../../optimizer-wasm/search/mod.ts";
import { describePlan, judgePlan, planOf } from "../peer/fleet_plan.ts";
import { Peer } from "../peer/peer.ts";
import { askPeerSearch, metered } from "../peer/peer_search.ts";
import {
  BENCHED,
  type SearchQuestion,
  TESTED,
} from "../peer/search_questions.ts";
import { cacheFolder } from "../run/machine.ts";
import { openBenchPacks } from "./packs.ts";
import { measureGrowth, measureSmall } from "./search_growth.ts";
import { setUpPeer } from "./set_up_peer.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Ours, timed with its data loaded: layouts opened, rows asked, searched. */
async function timeOurs(
  python: string,
  { model, system, backend, totalGpus, ...targets }: SearchQuestion,
  version: string,
) {
  const opener = await openBenchPacks(python, {
    systems: [system],
    backends: [backend],
  });
  const load = performance.now();
  // Any layout loads the pack; refused or not.
  await opener.openAll([{
    ...{ model, system, backend, backendVersion: version },
    databaseMode: "SILICON",
    layout: { tp: 1, pp: 1, dp: 1, moeTp: 1, moeEp: 1, cp: 1 },
  }]);
  const start = performance.now();
  const search = await openFleetSearch(opener, {
    ...{ model, system, backend, totalGpus, mode: "best" },
    ...{ backendVersion: version, databaseMode: "SILICON" },
  });
  const result: FleetResult = search.run({
    ...targets,
    totalGpus,
    caps: { kind: "own_draw" },
  });
  return {
    result,
    loadMs: start - load,
    searchMs: performance.now() - start,
  };
}

/** A data home whose store is that of the benches. */
async function benchData(): Promise<string> {
  const cache = cacheFolder((name) => Deno.env.get(name), ".");
  const home = await Deno.makeTempDir({ prefix: "wattkeeper-bench-data-" });
  const store = resolve(`${cache}/bench-packs-${PACK_FORMAT_VERSION}`);
  await Deno.symlink(store, `${home}/wattkeeper`);
  return home;
}

/** Ours as a whole command, cold, with its frontiers. */
async function timeCommand(
  python: string,
  question: SearchQuestion,
  version: string,
) {
  const data = await benchData();
  const took = await metered(python, [
    ...[Deno.execPath(), "run", "-A", MAIN, "sweep"],
    ...["--model", question.model, "--system", question.system],
    ...["--backend", question.backend, "--backend-version", version],
    ...["--total-gpus", `${question.totalGpus}`],
    ...["--isl", `${question.isl}`, "--osl", `${question.osl}`],
    ...["--ttft-ms", `${question.ttftMs}`, "--itl-ms", `${question.itlMs}`],
    ...["--mode", "best", "--output", "json"],
  ], { XDG_DATA_HOME: data });
  await Deno.remove(data, { recursive: true });
  return took;
}

async function compare(
  python: string,
  peer: Peer,
  question: SearchQuestion,
): Promise<void> {
  const theirs = await askPeerSearch(python, question);
  const { version } = theirs;
  const ours = await timeOurs(python, question, version);
  const command = await timeCommand(python, question, version);
  console.log(
    `\n${question.name}: ${question.model}, ${question.totalGpus} GPUs`,
  );
  const { best, infeasible } = ours.result;
  if (!best) {
    console.log(`  ours: ${infeasible?.message}`);
    return;
  }
  const plans = { peer: theirs.plan, ours: planOf(best) };
  const tokens: number[] = [];
  for (const name of ["peer", "ours"] as const) {
    const judged = await judgePlan(peer, plans[name], { question, version });
    tokens.push(judged.tokensPerSecond);
    console.log(
      `  ${name}  ${describePlan(plans[name]).padEnd(46)} ${
        String(judged.gpus).padStart(4)
      } GPUs ${judged.tokensPerSecond.toFixed(1).padStart(10)} tokens/s  TTFT ${
        judged.ttftMs.toFixed(0)
      } of ${question.ttftMs} ms  ITL ${
        judged.itlMs.toFixed(2)
      } of ${question.itlMs} ms  ${judged.fits ? "fits" : "does not fit"}`,
    );
  }
  const [peerTokens = NaN, ourTokens = NaN] = tokens;
  row("tokens/s", peerTokens, ourTokens, ourTokens / peerTokens, 1);
  row(
    "search, s",
    theirs.searchSeconds,
    ours.searchMs / 1000,
    theirs.searchSeconds * 1000 / ours.searchMs,
    100,
  );
  row(
    "command, s",
    theirs.commandSeconds,
    command.seconds,
    theirs.commandSeconds / command.seconds,
    20,
  );
  row(
    "command, CPU s",
    theirs.cpuSeconds,
    command.cpuSeconds,
    theirs.cpuSeconds / command.cpuSeconds,
    20,
  );
  row(
    "command, peak MiB",
    theirs.peakMiB,
    command.peakMiB,
    theirs.peakMiB / command.peakMiB,
    2,
  );
  console.log(
    `  (data loaded in ${
      ours.loadMs.toFixed(0)
    } ms, not in the search; ${ours.result.stats.candidates} operating points)`,
  );
}

function row(
  what: string,
  peer: number,
  ours: number,
  ratio: number,
  wanted: number,
): void {
  const number = (value: number) => value.toPrecision(4).padStart(9);
  console.log(
    `  ${what.padEnd(18)} peer ${number(peer)}  ours ${number(ours)}  ${
      ratio.toFixed(ratio < 10 ? 2 : 0).padStart(6)
    }×  wanted ${wanted}×  ${ratio >= wanted * 0.999 ? "met" : "MISSED"}`,
  );
}

const python = await setUpPeer();
if (python === undefined) {
  console.log("The peer is not here: nothing is searched beside it.");
} else {
  console.log("The fleet search beside `aiconfigurator cli default`");
  const wanted = new Set(Deno.args);
  await using peer = Peer.start({ python });
  for (const question of [...TESTED, ...BENCHED]) {
    if (wanted.size > 0 && !wanted.has(question.name)) continue;
    await compare(python, peer, question);
  }
  await measureSmall(python);
  await measureGrowth(python);
}
