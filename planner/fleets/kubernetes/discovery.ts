/** Which of the APIs that the fleet can use the server has. @module */

import {
  type ApiClient,
  ApiError,
  REPORT_GROUP,
} from "../../../cluster/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import { bestVersion } from "./dynamo/mod.ts";
import {
  ADAPTER_RESOURCE,
  DGD_RESOURCE,
  DYNAMO_GROUP,
  DYNAMO_VERSIONS,
  type DynamoVersion,
  LWS_GROUP,
} from "./names.ts";
import { listAt, textAt } from "./object_fields.ts";

/** What was found. */
export interface Apis {
  /** Version in which DGDs are served; undefined: no such CRD. */
  readonly graph: DynamoVersion | undefined;
  readonly adapter: DynamoVersion | undefined;
  /** Version of LeaderWorkerSets; undefined: no such CRD. */
  readonly leaderWorkerSet: string | undefined;
  readonly keda: string | undefined;
  /** `NodePowerReport` is there. */
  readonly reports: boolean;
}

/**
 * Asks the server.
 *
 * @throws {WattkeeperError} `fleet_unusable` for DGDs in versions that are not read; {@linkcode ApiError} when nobody answers
 */
export async function discover(
  api: Pick<ApiClient, "get">,
  signal: AbortSignal,
): Promise<Apis> {
  const groups = new Map(
    listAt(await api.get("/apis", signal), "groups").flatMap((group) => {
      const name = textAt(group, "name");
      return name === undefined ? [] : [[
        name,
        listAt(group, "versions").flatMap((one) =>
          textAt(one, "version") ?? []
        ),
      ]];
    }),
  );
  const dynamo = groups.get(DYNAMO_GROUP) ?? [];
  const resources = new Map<string, readonly string[]>();
  for (const version of dynamo) {
    resources.set(
      version,
      await resourcesOf(api, `/apis/${DYNAMO_GROUP}/${version}`, signal),
    );
  }
  const serving = (resource: string) =>
    dynamo.filter((version) => resources.get(version)?.includes(resource));
  const served = serving(DGD_RESOURCE);
  const graph = bestVersion(served);
  if (served.length > 0 && graph === undefined) {
    throw new WattkeeperError(
      "fleet_unusable",
      `The API server has ${DGD_RESOURCE}.${DYNAMO_GROUP} in ${
        served.join(", ")
      }, and this version reads ${DYNAMO_VERSIONS.join(" and ")}.`,
      {
        where: `${DYNAMO_GROUP}/${served[0]}`,
        remedy:
          "Install a planner that knows the version, or an operator that serves one of these.",
      },
    );
  }
  return {
    graph,
    adapter: bestVersion(serving(ADAPTER_RESOURCE)),
    leaderWorkerSet: groups.get(LWS_GROUP)?.[0],
    keda: groups.get("keda.sh")?.includes("v1alpha1") ? "v1alpha1" : undefined,
    reports: groups.has(REPORT_GROUP),
  };
}

async function resourcesOf(
  api: Pick<ApiClient, "get">,
  path: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return listAt(await api.get(path, signal), "resources").flatMap((one) =>
      textAt(one, "name") ?? []
    );
  } catch (error) {
    // A version that is just being taken away.
    if (error instanceof ApiError && error.kind === "gone") return [];
    throw error;
  }
}
