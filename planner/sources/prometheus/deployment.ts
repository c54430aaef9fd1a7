/** Which deployment the queries are about. @module */

import type { PerSide, Side } from "../../core/mod.ts";

/** What does not change while the planner runs. */
export interface PrometheusDeployment {
  /** Sides that have workers. */
  readonly sides: readonly Side[];
  /** Name under which the frontend serves the model; the frontend writes it in lower case. */
  readonly model: string;
  /** Dynamo's own namespace, label `dynamo_namespace`. */
  readonly dynamoNamespace: string;
  /** For power: where the pods run. Absent: power is not asked for. */
  readonly kubernetesNamespace: string | undefined;
  readonly dgdName: string | undefined;
  /** Serving backend; says which metric has the accept length. Absent: it is not asked for. */
  readonly backend: string | undefined;
  /** Whose metrics describe the traffic. */
  readonly source: "frontend" | "router";
}

/** What the cluster says about the deployment; read once for each window. */
export interface PrometheusFacts {
  /** Namespace of the workers at run time, when it is known to differ from the base (P93). */
  readonly runtimeNamespace?: string;
  /** Names of the workers' components in the deployment, by side (P80). */
  readonly components: PerSide<string>;
  /** Names of their runtime components and endpoint, for the accept length (P76, P92). */
  readonly runtimeComponents?: PerSide<string>;
  readonly endpoint?: string;
}
