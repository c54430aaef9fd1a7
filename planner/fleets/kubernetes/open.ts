/** Opens the fleet of a cluster: finds what there is, checks what is needed, starts the watches and the election. @module */

import {
  ApiClient,
  ApiError,
  ApiTransport,
  DEPLOYMENT_LABEL,
  DGD_LABEL,
  type Endpoint,
  leaseName,
  type Random,
  REPORT_GROUP,
  REPORT_RESOURCE,
} from "../../../cluster/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";
import type { PerSide, Side } from "../../core/mod.ts";
import type { LoopClock } from "../../loop/mod.ts";
import { type Apis, discover } from "./discovery.ts";
import { EventRecorder } from "./events/mod.ts";
import { KubernetesFleet } from "./kubernetes_fleet.ts";
import { Elector, type LeaseTimes } from "./lease/mod.ts";
import { DGD_KIND, DGD_RESOURCE, DYNAMO_GROUP } from "./names.ts";
import { listAt } from "./object_fields.ts";
import { Owners } from "./owners.ts";
import { Painter } from "./picture.ts";
import { preflight } from "./preflight.ts";
import { ReportNews } from "./report_news.ts";
import { Viewer } from "./viewer.ts";
import type { Watched } from "./watched.ts";
import { helpfulWatches, makeWatches, neededWatches } from "./watches.ts";
import { WORKLOAD_KINDS } from "./workloads/mod.ts";

/** What is to be opened. */
export interface KubernetesFleetOptions {
  /** Called whenever connections are made anew. */
  readonly loadEndpoint: () => Promise<Endpoint>;
  readonly clock: LoopClock;
  readonly random: Random;
  readonly namespace: string;
  /** Name of the DGD, or value of `wattkeeper.dev/deployment` on plain workloads. */
  readonly deployment: string;
  readonly sides: readonly Side[];
  readonly servedModelName: string | undefined;
  /** GPUs of a replica by the configuration, where nothing else says so. */
  readonly configuredGpus: PerSide<number>;
  /** Power awareness is on: reports count. */
  readonly power: boolean;
  /** The planner writes caps; false: they are authored on the deployment. */
  readonly ownsCaps: boolean;
  /** Nothing is ever written, the Lease included: advisory. */
  readonly readOnly: boolean;
  /** Identity of this process; another one for every start. */
  readonly holder: string;
  readonly leaseTimes?: Partial<LeaseTimes>;
}

/** Longest wait for the first LISTs, milliseconds. */
const FIRST_LISTS_MS = 30_000;
/** The Lease's requests must fit several times into its renew deadline. */
const LEASE_REQUEST_MS = 3_000;
const WHERE = "environment: kubernetes";

/**
 * Opens it.
 *
 * @throws {WattkeeperError} `fleet_unusable`: the API server is out of reach, a CRD or permission is missing (with what to
 * apply or paste), the deployment is not there, its roles cannot be told, somebody else scales it, its GPUs cannot be
 * capped one by one; all that was found is in the message
 */
export async function openKubernetesFleet(
  options: KubernetesFleetOptions,
  signal: AbortSignal,
): Promise<KubernetesFleet> {
  const transport = new ApiTransport(options.loadEndpoint);
  const api = new ApiClient(transport, {
    clock: options.clock,
    random: options.random,
  });
  const stop = new AbortController();
  try {
    const fleet = await open(options, {
      api,
      stop,
      signal: AbortSignal.any([signal, stop.signal]),
    });
    stop.signal.addEventListener("abort", () => transport[Symbol.dispose]());
    return fleet;
  } catch (error) {
    stop.abort();
    transport[Symbol.dispose]();
    throw error instanceof ApiError ? outOfReach(error) : error;
  }
}

async function open(
  options: KubernetesFleetOptions,
  { api, stop, signal }: {
    readonly api: ApiClient;
    readonly stop: AbortController;
    readonly signal: AbortSignal;
  },
): Promise<KubernetesFleet> {
  const { clock, random, namespace, deployment, power, readOnly } = options;
  const apis = await discover(api, signal);
  if (power && !apis.reports) throw noReports();
  const kind = await kindOf(api, apis, { options, signal });
  const told = { changed: () => {} };
  const tell = () => told.changed();
  const news = new ReportNews();
  const watches = makeWatches({
    namespace,
    name: deployment,
    apis,
    kind,
    power,
    environment: {
      loadEndpoint: options.loadEndpoint,
      clock,
      random,
      onChange: tell,
    },
    onReports: () => {
      if (news.take(watches.reports?.values ?? [])) tell();
    },
  });
  const needed = neededWatches(watches);
  const checked = await preflight(api, {
    needed,
    helpful: helpfulWatches(watches),
    signal,
  });
  if (checked.failures.length > 0) throw unusable(checked.failures);
  const helpful = helpfulWatches(watches).filter((one) =>
    !checked.unhelpful.has(one)
  );
  const running: Promise<unknown>[] = [];
  for (const watched of [...needed, ...helpful]) watched.start(stop.signal);
  await listed([...needed, ...helpful], { clock, signal });
  const painter = new Painter({
    watches,
    viewer: new Viewer({
      watches,
      kind,
      name: deployment,
      namespace,
      wanted: options.sides,
      servedModelName: options.servedModelName,
      adapterVersion: apis.adapter,
    }),
    owners: new Owners({
      api,
      namespace,
      label: kind === "dynamo" ? [DGD_LABEL, deployment] : [
        DEPLOYMENT_LABEL,
        deployment,
      ],
      now: () => clock.now(),
      onChange: tell,
    }),
    namespace,
    wanted: options.sides,
    configuredGpus: options.configuredGpus,
    signal: stop.signal,
  });
  const { problems } = painter.paint();
  const fatal = painter.fatal();
  if (fatal.length > 0 && !readOnly) throw unusable(fatal);
  const leaseTransport = new ApiTransport(options.loadEndpoint);
  stop.signal.addEventListener("abort", () => leaseTransport[Symbol.dispose]());
  const leaseApi = new ApiClient(leaseTransport, {
    clock,
    random,
    requestTimeoutMs: LEASE_REQUEST_MS,
  });
  const elector = new Elector({
    api: leaseApi,
    namespace,
    name: leaseName(deployment),
    holder: options.holder,
    clock,
    random,
    ...(options.leaseTimes ? { times: options.leaseTimes } : {}),
    readOnly,
    onChange: tell,
    onWon: () => {
      for (const watched of needed) watched.restart();
    },
  });
  running.push(elector.run(stop.signal));
  const fleet = new KubernetesFleet({
    api,
    leaseApi,
    watches,
    elector,
    painter,
    events: new EventRecorder({
      api,
      clock,
      instance: options.holder,
      uniqueName: () => crypto.randomUUID().slice(0, 13),
    }),
    clock,
    holder: options.holder,
    readOnly,
    ownsCaps: options.ownsCaps,
    stop,
    running: Promise.all(running),
    notices: [
      ...painter.warnings(),
      ...(readOnly ? problems : []),
      ...[...checked.unhelpful].map(([{ name }, why]) =>
        `${name} cannot be watched, and what they would tell is not known: ${why}`
      ),
    ],
  });
  told.changed = fleet.tell;
  return fleet;
}

/** A DGD of that name, else workloads with the label. */
async function kindOf(
  api: ApiClient,
  { graph, leaderWorkerSet }: Apis,
  { options: { namespace, deployment }, signal }: {
    readonly options: KubernetesFleetOptions;
    readonly signal: AbortSignal;
  },
): Promise<"dynamo" | "workloads"> {
  const inNamespace = `namespaces/${encodeURIComponent(namespace)}`;
  const looked: string[] = [];
  const failures: string[] = [];
  const ask = async (path: string): Promise<unknown> => {
    try {
      return await api.get(path, signal);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.kind === "gone") return undefined;
      if (error.kind !== "forbidden") throw error;
      failures.push(error.message);
      return undefined;
    }
  };
  if (graph !== undefined) {
    const path =
      `/apis/${DYNAMO_GROUP}/${graph}/${inNamespace}/${DGD_RESOURCE}/${
        encodeURIComponent(deployment)
      }`;
    if (await ask(path) !== undefined) return "dynamo";
    looked.push(`a ${DGD_KIND} "${deployment}" (${DYNAMO_GROUP}/${graph})`);
  } else looked.push(`no CRD ${DGD_RESOURCE}.${DYNAMO_GROUP}`);
  const selector = new URLSearchParams({
    labelSelector: `${DEPLOYMENT_LABEL}=${deployment}`,
    limit: "1",
  });
  for (const { kind, group, resource } of WORKLOAD_KINDS) {
    const version = kind === "LeaderWorkerSet" ? leaderWorkerSet : "v1";
    if (version === undefined) continue;
    const found = await ask(
      `/apis/${group}/${version}/${inNamespace}/${resource}?${selector}`,
    );
    if (listAt(found, "items").length > 0) return "workloads";
    looked.push(`a ${kind} with ${DEPLOYMENT_LABEL}=${deployment}`);
  }
  throw failures.length > 0 ? unusable(failures) : new WattkeeperError(
    "fleet_unusable",
    `There is nothing to plan for in namespace "${namespace}": looked for ${
      looked.join(", ")
    }.`,
    {
      where: "dgd_name",
      remedy:
        `Write the name of a ${DGD_KIND} and its namespace, or label Deployments, StatefulSets or LeaderWorkerSets and their pod templates with ${DEPLOYMENT_LABEL}=${deployment} and wattkeeper.dev/role.`,
    },
  );
}

/** Waits until every watch has its first LIST. */
async function listed(
  watches: readonly Watched<unknown>[],
  { clock, signal }: {
    readonly clock: LoopClock;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const untilMs = clock.now() + FIRST_LISTS_MS;
  for (;;) {
    signal.throwIfAborted();
    const missing = watches.filter(({ listedAtMs }) =>
      listedAtMs === undefined
    );
    if (missing.length === 0) return;
    if (clock.now() > untilMs) {
      throw unusable(
        missing.map(({ name, fault }) =>
          `${name} could not be listed: ${fault?.message ?? "no answer."}`
        ),
      );
    }
    await clock.sleep(10, signal);
  }
}

function unusable(problems: readonly string[]): WattkeeperError {
  const [first = ""] = problems;
  return new WattkeeperError(
    "fleet_unusable",
    problems.length === 1
      ? first
      : `${problems.length} things are in the way:\n${
        problems.map((problem) => `- ${problem.replaceAll("\n", "\n  ")}`)
          .join("\n")
      }`,
    { where: WHERE, remedy: "Mend what is said, and start again." },
  );
}

function outOfReach(error: ApiError): WattkeeperError {
  return new WattkeeperError("fleet_unusable", error.message, {
    where: WHERE,
    remedy: error.kind === "unauthorized"
      ? "Renew the credentials of the kubeconfig or the service account."
      : error.kind === "forbidden"
      ? "Paste the rule into the planner's role."
      : "Check the server's address, its CA, and the way there.",
    cause: error,
  });
}

function noReports(): WattkeeperError {
  return new WattkeeperError(
    "fleet_unusable",
    `The API server has no ${REPORT_RESOURCE}.${REPORT_GROUP}: without reports no watt can be granted.`,
    {
      where: "enable_power_awareness",
      remedy:
        "Apply it: kubectl apply -f deploy/base/crd/nodepowerreports.yaml, and run the agents.",
    },
  );
}
