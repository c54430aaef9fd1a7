/** `deno task bench`: speeds beside the peer's in the same run, sizes, and errors of the built-in model. @module */

import { gzipSync } from "node:zlib";
import { WASM_URL } from "../../optimizer-wasm/build.ts";
import { chooseSeed } from "../peer/random.ts";
import { measureEstimates } from "./estimate_speed.ts";
import { measureRoofline } from "./roofline_error.ts";
import { setUpPeer } from "./set_up_peer.ts";

const seed = chooseSeed();
console.log(`Seed ${seed} (WATTKEEPER_SEED repeats it)\n`);

const wasm = await Deno.readFile(WASM_URL);
console.log(
  `WASM module: ${wasm.length} bytes (${
    gzipSync(wasm).length
  } compressed), wanted at most 102400\n`,
);

const python = await setUpPeer();
if (python === undefined) {
  console.log(
    "The peer is not here, so nothing is measured beside it. Run `deno task test` once: it sets the peer up.",
  );
} else {
  console.log("One estimate, microseconds: the peer, ours, times faster");
  for (const row of await measureEstimates(python, seed)) {
    const { what, peerUs, oursUs, wanted, difference } = row;
    console.log(
      `  ${what.padEnd(46)} ${peerUs.toFixed(1).padStart(9)} ` +
        `${oursUs.toFixed(3).padStart(9)} ${
          `${(peerUs / oursUs).toFixed(0)}×`.padStart(7)
        }  wanted ${wanted}×; answers differ by at most ${
          difference.toExponential(1)
        }`,
    );
  }
  console.log("\nRoofline against the tables, whole steps");
  for (
    const { group, steps, median, p90 } of await measureRoofline(python, seed)
  ) {
    console.log(
      `  ${group.padEnd(16)} ${String(steps).padStart(6)} steps, median ${
        (median * 100).toFixed(1).padStart(5)
      } %, p90 ${(p90 * 100).toFixed(1).padStart(5)} %`,
    );
  }
}
