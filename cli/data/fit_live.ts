/** `data fit --from-live` (R17). @module */

import {
  curveFile,
  fitCurve,
  type FittedCurve,
  readLivePoints,
} from "../../optimizer-wasm/curve_fit/mod.ts";
import { BUILTIN_SYSTEMS, powerCurveOf } from "../../optimizer-wasm/mod.ts";
import { nearestNames, WattkeeperError } from "../../service/mod.ts";
import type { CommandContext } from "../command.ts";
import { renderRows } from "../render.ts";
import { TextLineStream } from "../text_lines.ts";
import { openNamedStore } from "./options.ts";
import { writeFound } from "./write_found.ts";

/** Reads the points, fits every system in them and prints the curves. */
export async function fitLive(
  context: CommandContext,
  path: string,
): Promise<number> {
  const { flags, output, write, progress } = context;
  const points = await readLivePoints(counted(await linesOf(path), progress));
  progress.end();
  if (points.length === 0) {
    throw new WattkeeperError(
      "invalid_file",
      `"${path}" has no live points.`,
      { where: "--from-live" },
    );
  }
  const store = await openNamedStore(flags);
  const curves: FittedCurve[] = [];
  for (const [name, of] of Map.groupBy(points, ({ system }) => system)) {
    const imported = store.index.systems.some((it) => it.name === name);
    const system = imported
      ? await store.readSystem(name)
      : BUILTIN_SYSTEMS[name];
    if (system === undefined) throw unknownSystem(name);
    curves.push({ system: name, ...fitCurve(of, powerCurveOf(system)) });
  }
  const file = curveFile(curves);
  await writeFound(flags["write"], file);
  write(
    output === "json" ? `${JSON.stringify(file, null, 2)}\n` : text(curves),
  );
  return 0;
}

function unknownSystem(name: string): WattkeeperError {
  const known = Object.keys(BUILTIN_SYSTEMS);
  return new WattkeeperError(
    "unknown_system",
    `Unknown system "${name}": the nearest known ones are ${
      nearestNames(name, known).join(", ") || known.join(", ")
    }.`,
    { where: "system", remedy: "Run `data list` for all known systems." },
  );
}

async function linesOf(path: string): Promise<ReadableStream<string>> {
  try {
    const bytes = path === "-"
      ? Deno.stdin.readable
      : (await Deno.open(path)).readable;
    return bytes.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
  } catch (cause) {
    const missing = cause instanceof Deno.errors.NotFound;
    throw new WattkeeperError(
      missing ? "file_not_found" : "file_unreadable",
      `The file of live points "${path}" ${
        missing ? "does not exist" : "cannot be read"
      }.`,
      { where: "--from-live", cause },
    );
  }
}

async function* counted(
  lines: ReadableStream<string>,
  progress: CommandContext["progress"],
): AsyncGenerator<string> {
  let count = 0;
  for await (const line of lines) {
    if (++count % 1000 === 0) progress.update(count, undefined, "points");
    yield line;
  }
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function text(curves: readonly FittedCurve[]): string {
  return curves.map(({ system, curve, phases, findings }) =>
    [
      `${system}: vmin ${curve.vmin.toFixed(2)}, s ${
        curve.slope.toFixed(2)
      }, P0 ${curve.staticWatts.toFixed(0)} W (${curve.standing})\n`,
      `Declared latency error at cap ÷ own draw from 0.8 / 0.6 / 0.45 / below: ${
        curve.errors.map(percent).join(" / ")
      }\n`,
      renderRows(phases, [
        { key: "phase", value: (it) => it.phase },
        { key: "own draw W", value: (it) => it.drawWatts.toFixed(0) },
        { key: "own ms", value: (it) => it.latencyMs.toFixed(2) },
        { key: "c", value: (it) => it.computeShare?.toFixed(2) ?? "–" },
        { key: "unbound points", value: (it) => it.unboundPoints },
        { key: "bound points", value: (it) => it.boundPoints },
      ], "table"),
      ...findings.map((finding) => `Note: ${finding}.\n`),
    ].join("")
  ).join("\n");
}
