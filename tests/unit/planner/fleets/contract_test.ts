/** The fleets that need no server keep what every fleet promises. @module */

import { fleetContract } from "./contract.ts";
import { simulatedRig, virtualRig } from "./rigs.ts";

fleetContract(
  simulatedRig,
  (what, check) => Deno.test(`simulated: ${what}`, check),
);
fleetContract(
  virtualRig,
  (what, check) => Deno.test(`virtual: ${what}`, check),
);
