/** Files that a configuration names: whether they can be read here. Part of `plan --check`. @module */

import type { PlannerConfig } from "./planner_config.ts";
import type { ConfigProblem } from "./problem.ts";

/** One warning for each named file that cannot be read on this machine; the planner may run on another. */
export async function unreadableFiles(
  config: PlannerConfig,
): Promise<ConfigProblem[]> {
  const { prometheus, service, engine } = config;
  const named: readonly (readonly [string, string | undefined])[] = [
    [
      "trace_file",
      config.trafficSource === "trace" ? config.traceFile : undefined,
    ],
    ["load_predictor_warmup_trace", config.predictorWarmupTrace],
    ["prometheus_ca_bundle", prometheus.caBundle],
    ["prometheus_bearer_token_file", prometheus.bearerTokenFile],
    ["control_api_token_file", service.controlApi?.tokenFile],
    [
      "aic_interpolation.model_config",
      engine?.modelIsPath ? engine.model : undefined,
    ],
  ];
  const found = await Promise.all(named.map(async ([path, file]) => {
    if (file === undefined) return [];
    const why = await whyUnreadable(file);
    return why === undefined ? [] : [{
      path,
      found: `found "${file}", which cannot be read here: ${why}`,
      write:
        "Write the path of a file that the planner can read where it runs.",
    }];
  }));
  return found.flat();
}

async function whyUnreadable(file: string): Promise<string | undefined> {
  try {
    const opened = await Deno.open(file);
    const { isDirectory } = await opened.stat();
    opened.close();
    return isDirectory ? "it is a folder" : undefined;
  } catch (error) {
    return error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Error
      ? error.message
      : String(error);
  }
}
