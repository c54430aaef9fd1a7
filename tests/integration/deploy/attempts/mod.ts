/** What is tried, by whom, and what must come of it: the security of an installation as a table. @module */

import type { Account } from "../access_world.ts";
import { AGENT, UNBOUND } from "./agent.ts";
import type { Attempt, Trial } from "./attempt.ts";
import { ADMINISTRATOR, OPERATOR, STRANGER } from "./people.ts";
import { PLANNER } from "./planner.ts";
import { SCALING } from "./scaling.ts";

export type { Attempt } from "./attempt.ts";

const by = (who: Account, list: readonly Trial[]) =>
  list.map((one) => ({ who, ...one }));

/** All, in the order of the documentation. */
export const ATTEMPTS: readonly Attempt[] = [
  ...by("planner", PLANNER),
  ...by("planner", SCALING),
  ...by("agent of node-a", AGENT),
  ...by("agent without a node", UNBOUND),
  ...by("stranger", STRANGER),
  ...by("operator", OPERATOR),
  ...by("administrator", ADMINISTRATOR),
];
