/** The flags of `budget` → checked numbers. @module */

import { didYouMean, WattkeeperError } from "../../service/mod.ts";
import type { CommandContext } from "../command.ts";
import { parseWatts } from "../watts.ts";
import {
  type DeploymentShare,
  HEADROOM,
  HEADROOM_UNCHARGED_STARTS,
  IDLE_SHARE,
  NODE_OVERHEAD_WATTS,
  type SizingInput,
} from "../../optimizer-wasm/mod.ts";

type Flags = CommandContext["flags"];

/**
 * Checks the flags of one `budget` invocation.
 *
 * @param flags as parsed
 * @param tdpBySku maximum draw of one GPU by SKU, watts
 * @returns input for the reckoning
 * @throws {WattkeeperError} `invalid_usage` or `invalid_value`, naming the flag
 */
export function sizingInput(
  flags: Flags,
  tdpBySku: ReadonlyMap<string, number>,
): SizingInput {
  const racks = count(flags, "racks", 1) ?? 1;
  const nodes = nodeCount(flags, racks);
  const tdpWatts = tdp(flags, tdpBySku);
  return {
    racks,
    nodes,
    tdpWatts,
    rackWatts: watts(flags, "rack-watts") ?? missing("--rack-watts POWER"),
    headroom: headroom(flags),
    gpusPerNode: count(flags, "gpus-per-node", 1) ?? 8,
    nonGpuWatts: nonGpu(flags, nodes),
    idleGpus: count(flags, "idle-gpus", 0) ?? 0,
    idleGpuWatts: watts(flags, "idle-gpu-watts") ??
      Math.ceil(tdpWatts * IDLE_SHARE),
    deployments: deploymentShares(flags),
  };
}

function nodeCount(flags: Flags, racks: number): number {
  const nodes = count(flags, "nodes", 1);
  const perRack = count(flags, "nodes-per-rack", 1);
  if (nodes === undefined && perRack === undefined) missing("--nodes N");
  if (
    nodes !== undefined && perRack !== undefined && nodes !== racks * perRack
  ) {
    contradiction(
      `--nodes ${nodes} is not --racks ${racks} × --nodes-per-rack ${perRack}`,
      "--nodes",
    );
  }
  return nodes ?? racks * (perRack ?? 0);
}

function tdp(flags: Flags, tdpBySku: ReadonlyMap<string, number>): number {
  const given = watts(flags, "tdp-watts");
  const sku = flags["sku"];
  if (typeof sku !== "string") return given ?? missing("--sku NAME");
  const known = tdpBySku.get(sku.toLowerCase().replaceAll("-", "_"));
  if (known === undefined) {
    throw new WattkeeperError(
      "unknown_system",
      `Unknown SKU "${sku}".${didYouMean(sku, tdpBySku.keys())}`,
      {
        where: "--sku",
        remedy: `Write one of ${
          [...tdpBySku.keys()].join(", ")
        }, or --tdp-watts POWER instead.`,
      },
    );
  }
  if (given !== undefined && given !== known) {
    contradiction(
      `--tdp-watts ${given} W is not the ${known} W of --sku ${sku}`,
      "--tdp-watts",
    );
  }
  return known;
}

function headroom(flags: Flags): number {
  const uncharged = flags["uncharged-starts"] === true;
  const most = uncharged ? HEADROOM_UNCHARGED_STARTS : 1;
  const given = flags["headroom"];
  if (typeof given !== "number") {
    return uncharged ? HEADROOM_UNCHARGED_STARTS : HEADROOM;
  }
  if (given > 0 && given <= most) return given;
  throw new WattkeeperError(
    "invalid_value",
    `--headroom must be above 0 and at most ${most}${
      uncharged ? " with --uncharged-starts" : ""
    }, found ${given}.`,
    {
      where: "--headroom",
      remedy: "Write the share of the watts to plan with, such as 0.9.",
    },
  );
}

function nonGpu(flags: Flags, nodes: number): number {
  const total = zeroOrWatts(flags, "non-gpu-watts");
  const perNode = zeroOrWatts(flags, "node-overhead-watts");
  if (total !== undefined && perNode !== undefined) {
    contradiction(
      "--non-gpu-watts and --node-overhead-watts both say what else draws",
      "--non-gpu-watts",
    );
  }
  return total ?? nodes * (perNode ?? NODE_OVERHEAD_WATTS);
}

function deploymentShares(flags: Flags): DeploymentShare[] {
  const given = flags["dgd"];
  const texts = Array.isArray(given) ? given : [];
  const shares = texts.map((text) => {
    const found = /^([^=:\s]+)=(\d+)(?::(.+))?$/.exec(text);
    const [, name, gpus, fixed] = found ?? [];
    if (name === undefined || gpus === undefined || Number(gpus) < 1) {
      throw new WattkeeperError(
        "invalid_value",
        `"${text}" is no share: a name, "=", a number of GPUs above zero.`,
        {
          where: "--dgd",
          remedy: "Write --dgd chat=32 or --dgd chat=32:14kW.",
        },
      );
    }
    const share = { name, gpus: Number(gpus) };
    return fixed === undefined
      ? share
      : { ...share, fixedWatts: parseWatts(fixed, "--dgd") };
  });
  const names = new Set(shares.map((share) => share.name));
  if (names.size < shares.length) {
    contradiction("Two deployments have the same name", "--dgd");
  }
  return shares;
}

function watts(flags: Flags, name: string): number | undefined {
  const text = flags[name];
  return typeof text === "string" ? parseWatts(text, `--${name}`) : undefined;
}

/** What is subtracted may be nothing at all. */
function zeroOrWatts(flags: Flags, name: string): number | undefined {
  return flags[name] === "0" ? 0 : watts(flags, name);
}

function count(flags: Flags, name: string, least: number): number | undefined {
  const value = flags[name];
  if (typeof value !== "number") return undefined;
  if (value >= least && value <= 1_000_000) return value;
  throw new WattkeeperError(
    "invalid_value",
    `--${name} must be from ${least} to 1000000, found ${value}.`,
    { where: `--${name}`, remedy: `Write --${name} ${Math.max(least, 1)}.` },
  );
}

function missing(flag: string): never {
  throw new WattkeeperError("invalid_usage", `${flag} is missing.`, {
    where: flag.split(" ")[0] ?? flag,
    remedy:
      "Write budget --rack-watts 60kW --nodes 2 --sku h200_sxm, for example.",
  });
}

function contradiction(what: string, where: string): never {
  throw new WattkeeperError("invalid_value", `${what}.`, {
    where,
    remedy: "Leave one of the two out.",
  });
}
