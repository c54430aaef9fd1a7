/** The configuration as a JSON Schema for editors, generated from the one schema. @module */

import { z } from "zod";
import { FIELD_NAMES, FIELDS_SCHEMA } from "./fields.ts";
import { ALIASES, UNSUPPORTED_FIELDS } from "./upstream.ts";

type Json = Record<string, unknown>;

/** The JSON Schema; upstream's names are in it, marked as deprecated. */
export function configJsonSchema(): Json {
  const generated: Json = z.toJSONSchema(FIELDS_SCHEMA, {
    io: "input",
    target: "draft-7",
    unrepresentable: "any",
    override: ({ jsonSchema }) => tellWhatToWrite(jsonSchema),
  });
  const properties: Json = {};
  const known = isObject(generated.properties) ? generated.properties : {};
  for (const name of FIELD_NAMES) properties[name] = orNull(known[name]);
  for (const [alias, name] of Object.entries(ALIASES)) {
    properties[alias] = {
      ...orNull(known[name]),
      deprecated: true,
      description: `Upstream's name of ${name}.`,
    };
  }
  for (const [name, { instead }] of Object.entries(UNSUPPORTED_FIELDS)) {
    properties[name] = {
      deprecated: true,
      description: `A field of upstream without an effect here. ${instead}`,
    };
  }
  return {
    $schema: generated.$schema,
    title: "Wattkeeper planner configuration",
    type: "object",
    additionalProperties: false,
    properties,
  };
}

/** `prophet` and `null` are read too. */
function orNull(property: unknown): Json {
  if (!isObject(property)) return {};
  const { enum: names, type } = property;
  if (Array.isArray(names)) {
    const also = names.includes("seasonal") ? ["prophet"] : [];
    return {
      ...property,
      type: ["string", "null"],
      enum: [...names, ...also, null],
    };
  }
  return typeof type === "string"
    ? { ...property, type: [type, "null"] }
    : property;
}

function tellWhatToWrite(schema: Json): void {
  const { description, write } = schema;
  if (typeof write !== "string") return;
  delete schema.write;
  schema.description = `${
    typeof description === "string" ? description : ""
  } ${write}`.trim();
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
