/** What a command looks at: one cluster, as one moment's reader. @module */

import type { ApiClient } from "../../cluster/mod.ts";

/** What checks work with. */
export interface CheckTarget {
  readonly client: ApiClient;
  readonly signal: AbortSignal;
  /** Namespace of the installation. */
  readonly system: string;
  /** Wall clock, milliseconds since 1970: for the age of reports and Leases. */
  readonly now: () => number;
}
