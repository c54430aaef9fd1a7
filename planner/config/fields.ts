/** Every field of the planner's configuration (R1), by the name it has in the file. @module */

import { z } from "zod";
import { admission } from "./fields/admission.ts";
import { deployment } from "./fields/deployment.ts";
import { load } from "./fields/load.ts";
import { optimizer } from "./fields/optimizer.ts";
import { power } from "./fields/power.ts";
import { prometheus } from "./fields/prometheus.ts";
import { scaling } from "./fields/scaling.ts";
import { service } from "./fields/service.ts";
import { traffic } from "./fields/traffic.ts";

/** The one schema of the planner's configuration. Unknown fields are problems, never ignored. */
export const FIELDS_SCHEMA = z.strictObject({
  ...deployment,
  ...scaling,
  ...traffic,
  ...load,
  ...power,
  ...optimizer,
  ...admission,
  ...prometheus,
  ...service,
});

/** The fields as they stand in a file, defaults filled in. */
export type Fields = z.infer<typeof FIELDS_SCHEMA>;
/** Name of a field in the file. */
export type FieldName = keyof Fields;
/** Every field name, in the order of the documentation. */
export const FIELD_NAMES = Object.keys(FIELDS_SCHEMA.shape) as FieldName[];
