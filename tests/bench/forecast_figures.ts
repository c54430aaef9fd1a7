/** Prints forecast errors of every predictor: real traces where they are here, and generated days. @module */

import { measureForecasts } from "./forecast_error.ts";

const shared = Deno.env.get("WATTKEEPER_SHARED") ??
  new URL("../../../shared", import.meta.url).pathname;

console.log(
  "\nForecast of the next window: mean absolute error as a share of the naive last value's (below 1 is better)",
);
const found = await measureForecasts(
  await isFolder(shared) ? shared : undefined,
);
let series = "";
for (const row of found) {
  if (row.series !== series) {
    series = row.series;
    console.log(`  ${series}: ${row.windows} windows`);
  }
  console.log(
    `    ${row.predictor.padEnd(9)} requests ${
      row.requestsRatio.toFixed(2)
    }  ` +
      `input ${row.islRatio.toFixed(2)}  output ${row.oslRatio.toFixed(2)}  ` +
      `requests off by ${(row.relativeError * 100).toFixed(1).padStart(5)} % ` +
      `of their mean; a window takes ${row.medianMs.toFixed(3)} ms, ` +
      `with a fit up to ${row.longestMs.toFixed(1)} ms`,
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(`${path}/traces`)).isDirectory;
  } catch {
    return false;
  }
}
